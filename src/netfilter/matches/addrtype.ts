/**
 * `-m addrtype`: the kind of an address as the routing tables know it. Linux: xt_addrtype.
 *
 * The families differ. In IPv4 an address has one kind, and it must be among those given. In IPv6 the given kinds that
 * an address shows by itself (UNSPEC, UNICAST, MULTICAST) must all hold, and those that routes know (LOCAL, ANYCAST,
 * UNREACHABLE) are asked for after that; the kernel has no others there.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest, type RuleUse } from '../extension.ts';
import type { Family } from '../hook.ts';
import { Hook } from '../hook.ts';
import { AddressType, type HostServices } from '../host-services.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { isIpv6Unicast } from './ipv6-unicast.ts';
import { nameList } from './name-list.ts';

const bit = (type: AddressType) => 1 << type;

const TYPES = nameList(
  Object.entries(AddressType).map(([name, type]) => [name, bit(type)] as const),
  (rest) => new ValueError(`addrtype: bad type "${rest}"`),
);

/** What the kernel can tell of an IPv6 address. */
const IPV6_TYPES =
  bit(AddressType.UNSPEC) |
  bit(AddressType.UNICAST) |
  bit(AddressType.LOCAL) |
  bit(AddressType.ANYCAST) |
  bit(AddressType.MULTICAST) |
  bit(AddressType.UNREACHABLE);
const IPV6_ROUTED = bit(AddressType.LOCAL) | bit(AddressType.ANYCAST) | bit(AddressType.UNREACHABLE);

class AddrtypeTest implements MatchTest {
  private readonly host: HostServices;
  /** Bits of the types wanted; 0 where the side is not asked about. */
  private readonly source: number;
  private readonly sourceNot: boolean;
  private readonly destination: number;
  private readonly destinationNot: boolean;
  private readonly asSeenFromIn: boolean;
  private readonly asSeenFromOut: boolean;

  constructor(info: Info, host: HostServices) {
    this.host = host;
    this.source = info.source?.value ?? 0;
    this.sourceNot = info.source?.not ?? false;
    this.destination = info.destination?.value ?? 0;
    this.destinationNot = info.destination?.not ?? false;
    this.asSeenFromIn = info.limitIn !== undefined;
    this.asSeenFromOut = info.limitOut !== undefined;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const iface = this.asSeenFromIn ? at.iif : this.asSeenFromOut ? at.oif : 0;
    const { source, destination } = this;
    if (source !== 0) {
      const is =
        at.family === 4
          ? this.isIpv4(source, pkt.src0, iface)
          : this.isIpv6(source, pkt.src0, pkt.src1, pkt.src2, pkt.src3, iface);
      if (is === this.sourceNot) return false;
    }
    if (destination === 0) return true;
    const is =
      at.family === 4
        ? this.isIpv4(destination, pkt.dst0, iface)
        : this.isIpv6(destination, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3, iface);
    return is !== this.destinationNot;
  }

  private isIpv4(wanted: number, address: number, iface: number): boolean {
    return ((wanted >> this.host.addressType(4, address, 0, 0, 0, iface)) & 1) === 1;
  }

  private isIpv6(wanted: number, w0: number, w1: number, w2: number, w3: number, iface: number): boolean {
    if ((wanted & bit(AddressType.MULTICAST)) !== 0 && w0 >>> 24 !== 0xff) return false;
    if ((wanted & bit(AddressType.UNICAST)) !== 0 && !isIpv6Unicast(w0, w1, w2, w3)) return false;
    if ((wanted & bit(AddressType.UNSPEC)) !== 0 && (w0 | w1 | w2 | w3) !== 0) return false;
    if ((wanted & IPV6_ROUTED) === 0) return true;
    return (((wanted & IPV6_ROUTED) >> this.host.addressType(6, w0, w1, w2, w3, iface)) & 1) === 1;
  }
}

const options = {
  source: {
    value: TYPES,
    name: 'src-type',
    negate: true,
    about: 'the source address is of one of these kinds',
  },
  destination: {
    value: TYPES,
    name: 'dst-type',
    negate: true,
    about: 'the destination address is of one of these kinds',
  },
  limitIn: {
    value: flag,
    name: 'limit-iface-in',
    group: 'iface',
    about: 'as seen from the interface that the packet came in on',
  },
  limitOut: {
    value: flag,
    name: 'limit-iface-out',
    group: 'iface',
    about: 'as seen from the interface that the packet leaves on',
  },
} as const;

type Info = InfoOf<typeof options>;

function check(info: Info, use: RuleUse): void {
  if (info.source === undefined && info.destination === undefined) {
    throw new ValueError('addrtype: you must specify --src-type or --dst-type');
  }
  const reached = (...hooks: Hook[]) => hooks.some((hook) => (use.hooks & (1 << hook)) !== 0);
  const types = (info.source?.value ?? 0) | (info.destination?.value ?? 0);
  if (
    (info.limitOut !== undefined && reached(Hook.PREROUTING, Hook.INPUT)) ||
    (info.limitIn !== undefined && reached(Hook.POSTROUTING, Hook.OUTPUT)) ||
    (use.family === 6 && (types & ~IPV6_TYPES) !== 0)
  ) {
    throw new ValueError('Invalid argument', 'REFUSED');
  }
}

function list(info: Info, family: Family): string {
  const side = (name: string, given: Given<number> | undefined) =>
    given === undefined ? '' : ` ${name}-type ${given.not ? '!' : ''}${TYPES.print(given.value, family)}`;
  const limit = info.limitIn !== undefined ? ' limit-in' : info.limitOut !== undefined ? ' limit-out' : '';
  return `ADDRTYPE match${side('src', info.source)}${side('dst', info.destination)}${limit}`;
}

export const addrtype = defineMatch({
  name: 'addrtype',
  about: 'the kind of an address, as the routing tables know it',
  options,
  check,
  list: (info, family) => list(info, family),
  create: (info, { host }) => new AddrtypeTest(info, host),
});
