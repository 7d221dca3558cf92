/** What a capture filter asks of a frame, one primitive each: hosts, networks, ports, protocols. */
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from '../../wire/ip-protocol.ts';
import { ETH_P_ARP } from '../../wire/ether-type.ts';
import {
  byteAt,
  etherType,
  hasProtocol4,
  hasProtocol6,
  isIp4,
  isIp6,
  networkOffset,
  transport4,
  transport6,
  wordAt,
  type Frame,
} from './frame.ts';

export type Test = (frame: Frame) => boolean;
export type Direction = 'src' | 'dst' | 'or' | 'and';

export const ETH_P_RARP = 0x8035;

/** In both fields, or in one of them. */
function inFields(direction: Direction, src: Test, dst: Test): Test {
  switch (direction) {
    case 'src':
      return src;
    case 'dst':
      return dst;
    case 'and':
      return (frame) => src(frame) && dst(frame);
    case 'or':
      return (frame) => src(frame) || dst(frame);
  }
}

export interface AddressBits {
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

function hasBytes(frame: Frame, at: number, { bytes, mask }: AddressBits): boolean {
  for (let i = 0; i < bytes.length; i++) {
    if ((byteAt(frame, at + i) & mask[i]!) !== (bytes[i]! & mask[i]!)) return false;
  }
  return true;
}

/** IPv4 addresses stand in IP, ARP and RARP; `protocols` says in which of them to look. */
export function address4(
  address: AddressBits,
  direction: Direction,
  protocols: readonly number[],
  ipType: number,
  tags: number,
): Test {
  const field = (ip: number, arp: number) => (frame: Frame) => {
    const type = etherType(frame, tags);
    if (!protocols.includes(type)) return false;
    return hasBytes(frame, networkOffset(frame, tags) + (type === ipType ? ip : arp), address);
  };
  return inFields(direction, field(12, 14), field(16, 24));
}

export function address6(address: AddressBits, direction: Direction, tags: number): Test {
  const field = (offset: number) => (frame: Frame) =>
    isIp6(frame, tags) && hasBytes(frame, networkOffset(frame, tags) + offset, address);
  return inFields(direction, field(8), field(24));
}

export function etherAddress(address: AddressBits, direction: Direction): Test {
  const field = (offset: number) => (frame: Frame) => frame.hasEthernet && hasBytes(frame, offset, address);
  return inFields(direction, field(6), field(0));
}

const WITH_PORTS = [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP] as const;

/** From `low` to `high`; `protocol` null for all that have ports. */
export function ports(
  low: number,
  high: number,
  direction: Direction,
  protocol: number | null,
  tags: number,
): Test {
  const protocols: readonly number[] = protocol === null ? WITH_PORTS : [protocol];
  const field = (offset: number) => (frame: Frame) => {
    const at = transportOf(frame, protocols, tags);
    if (at < 0) return false;
    const port = wordAt(frame, at + offset);
    return port >= low && port <= high;
  };
  return inFields(direction, field(0), field(2));
}

function transportOf(frame: Frame, protocols: readonly number[], tags: number): number {
  if (isIp4(frame, tags)) {
    return protocols.some((one) => hasProtocol4(frame, tags, one)) ? transport4(frame, tags) : -1;
  }
  if (!isIp6(frame, tags)) return -1;
  // Behind a fragment header no ports are looked for.
  return protocols.includes(byteAt(frame, networkOffset(frame, tags) + 6)) ? transport6(frame, tags) : -1;
}

/** A protocol of IP, of either version. */
export function ipProtocol(protocol: number, families: readonly (4 | 6)[], tags: number): Test {
  return (frame) =>
    (families.includes(4) && hasProtocol4(frame, tags, protocol)) ||
    (families.includes(6) && hasProtocol6(frame, tags, protocol));
}

export function ofEtherType(type: number, tags: number): Test {
  return (frame) => etherType(frame, tags) === type;
}

export const isArp = (tags: number): Test => ofEtherType(ETH_P_ARP, tags);

/** Addressed to all, or to a group, on the link. */
export function etherGroup(isBroadcast: boolean): Test {
  return (frame) => {
    if (!frame.hasEthernet) return false;
    if (!isBroadcast) return (byteAt(frame, 0) & 1) !== 0;
    for (let i = 0; i < 6; i++) if (byteAt(frame, i) !== 0xff) return false;
    return true;
  };
}

/** Addressed to a group of IP. */
export function ipGroup(families: readonly (4 | 6)[], tags: number): Test {
  return (frame) => {
    const at = networkOffset(frame, tags);
    return (
      (families.includes(4) && isIp4(frame, tags) && byteAt(frame, at + 16) >= 224) ||
      (families.includes(6) && isIp6(frame, tags) && byteAt(frame, at + 24) === 0xff)
    );
  };
}

/** Words that name a protocol by themselves. */
export const PROTOCOL_WORDS: ReadonlyMap<string, (tags: number) => Test> = new Map<
  string,
  (tags: number) => Test
>([
  ['ip', (tags) => (frame) => isIp4(frame, tags)],
  ['ip6', (tags) => (frame) => isIp6(frame, tags)],
  ['arp', isArp],
  ['rarp', (tags) => ofEtherType(ETH_P_RARP, tags)],
  ['tcp', (tags) => ipProtocol(IPPROTO_TCP, [4, 6], tags)],
  ['udp', (tags) => ipProtocol(IPPROTO_UDP, [4, 6], tags)],
  ['sctp', (tags) => ipProtocol(IPPROTO_SCTP, [4, 6], tags)],
  ['icmp', (tags) => ipProtocol(IPPROTO_ICMP, [4], tags)],
  ['icmp6', (tags) => ipProtocol(IPPROTO_ICMPV6, [6], tags)],
  ['igmp', (tags) => ipProtocol(2, [4], tags)],
  ['pim', (tags) => ipProtocol(103, [4, 6], tags)],
  ['ah', (tags) => ipProtocol(51, [4, 6], tags)],
  ['esp', (tags) => ipProtocol(50, [4, 6], tags)],
  ['vrrp', (tags) => ipProtocol(112, [4], tags)],
]);
