/**
 * `-m rt`: the routing header of IPv6 (RFC 8200 section 4.4). Linux: ip6t_rt. What `--rt-0-…` asks for is of type 0
 * (deprecated by RFC 5095).
 */
import { defineMatch, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, formatAddress, parseAddress, uint, type Range } from '../syntax/values/index.ts';
import { readI32 } from '../../wire/bytes.ts';
import { IPPROTO_ROUTING } from '../../wire/ip-protocol.ts';
import { headerLength, routingType, segmentsLeft } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { findExtension } from './ipv6-extension.ts';
import { ALL_NUMBERS, isAllNumbers, isIn, listSomeRange, u32Range } from './u32-range.ts';

const FIXED_LENGTH = 4;
/** Of type 0: a reserved word, then addresses. */
const RESERVED_AT = 4;
const ADDRESSES_AT = 8;
const ADDRESS_LENGTH = 16;
const MOST_ADDRESSES = 16;
const MAX_U32 = 0xffff_ffff;

const addressList: ValueType<readonly Int32Array[]> = {
  label: 'address[,address...]',
  parse(words) {
    const parts = words[0]!.split(',');
    if (parts.length > MOST_ADDRESSES) throw new ValueError('too many addresses specified');
    return parts.map((part) => {
      const address = parseAddress(part, 6);
      if (address === null) throw new ValueError(`bad address: ${part}`);
      return address;
    });
  },
  print: (value) => value.map((address) => formatAddress(address, 6)).join(','),
};

class RtTest implements MatchTest {
  /** -1: any type, any length. */
  private readonly type: number;
  private readonly typeNot: boolean;
  private readonly length: number;
  private readonly lengthNot: boolean;
  private readonly segments: Range;
  private readonly segmentsNot: boolean;
  private readonly reserved: boolean;
  private readonly addresses: readonly Int32Array[];
  private readonly strict: boolean;

  constructor(info: Info) {
    this.type = info.type?.value ?? -1;
    this.typeNot = info.type?.not ?? false;
    this.length = info.length?.value ?? -1;
    this.lengthNot = info.length?.not ?? false;
    this.segments = info.segments?.value ?? ALL_NUMBERS;
    this.segmentsNot = info.segments?.not ?? false;
    this.reserved = info.reserved !== undefined;
    this.addresses = info.addresses?.value ?? [];
    this.strict = info.notStrict === undefined;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const header = findExtension(pkt, at, IPPROTO_ROUTING, FIXED_LENGTH);
    if (header < 0) return false;
    const { bytes } = pkt;
    const length = headerLength(bytes, header, IPPROTO_ROUTING);
    if (isIn(segmentsLeft(bytes, header), this.segments) === this.segmentsNot) return false;
    if (this.length >= 0 && (length === this.length) === this.lengthNot) return false;
    if (this.type >= 0 && (routingType(bytes, header) === this.type) === this.typeNot) return false;
    if (this.reserved && readI32(bytes, header + RESERVED_AT) !== 0) return false;
    return this.addresses.length === 0 || this.hasAddresses(bytes, header, length);
  }

  /** Strict: just these. Else these, in this order, with others between them. */
  private hasAddresses(bytes: Uint8Array, header: number, length: number): boolean {
    const { addresses } = this;
    const count = Math.floor((length - ADDRESSES_AT) / ADDRESS_LENGTH);
    if (this.strict && count !== addresses.length) return false;
    let found = 0;
    for (let i = 0; i < count && found < addresses.length; i++) {
      const same = isAddress(bytes, header + ADDRESSES_AT + i * ADDRESS_LENGTH, addresses[found]!);
      if (same) found++;
      else if (this.strict) return false;
    }
    return found === addresses.length;
  }
}

function isAddress(bytes: Uint8Array, at: number, words: Int32Array): boolean {
  for (let i = 0; i < 4; i++) if (readI32(bytes, at + 4 * i) !== words[i]) return false;
  return true;
}

const options = {
  type: {
    value: uint(0, MAX_U32, 'type'),
    name: 'rt-type',
    negate: true,
    about: 'the type of routing header',
  },
  segments: {
    value: u32Range('number[:number]'),
    name: 'rt-segsleft',
    negate: true,
    omit: isAllNumbers,
    about: 'segments left, one number or a range',
  },
  length: {
    value: uint(0, MAX_U32, 'length'),
    name: 'rt-len',
    negate: true,
    about: 'the length of the header in bytes',
  },
  reserved: { value: flag, name: 'rt-0-res', about: 'the reserved field is zero' },
  addresses: { value: addressList, name: 'rt-0-addrs', about: 'the addresses of the header' },
  notStrict: { value: flag, name: 'rt-0-not-strict', about: 'with others between them' },
} as const;

type Info = InfoOf<typeof options>;

function check(info: Info): void {
  const isType0 = info.type?.value === 0 && !info.type.not;
  const wanting = info.reserved !== undefined ? 'res' : info.addresses !== undefined ? 'addrs' : null;
  if (wanting !== null && !isType0) {
    throw new ValueError(`\`--rt-type 0' required before \`--rt-0-${wanting}'`);
  }
  if (info.notStrict !== undefined && info.addresses === undefined) {
    throw new ValueError("`--rt-0-addr ...' required before `--rt-0-not-strict'");
  }
}

function list(info: Info): string {
  const number = (name: string, given: Info['type']) =>
    given === undefined ? '' : `${name}:${given.not ? '!' : ''}${given.value}`;
  return [
    'rt',
    number('type', info.type),
    listSomeRange('segsleft', info.segments),
    number('length', info.length),
    info.reserved === undefined ? '' : 'reserved',
    info.addresses === undefined ? '' : `0-addrs ${addressList.print(info.addresses.value, 6)}`,
    info.notStrict === undefined ? '' : '0-not-strict',
  ]
    .filter((word) => word !== '')
    .join(' ');
}

export const rt = defineMatch({
  name: 'rt',
  about: 'the routing header of IPv6',
  families: [6],
  options,
  check,
  list,
  create: (info) => new RtTest(info),
});
