/**
 * `-m ah`: the security parameters index of IPsec's authentication header. Linux: ipt_ah, ip6t_ah. In IPv4 it is a
 * protocol behind the IP header; in IPv6 an extension header, wherever it stands, and its length can be asked for too.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { flag, uint, type Range } from '../syntax/values/index.ts';
import * as ah from '../../wire/ah.ts';
import { readU16 } from '../../wire/bytes.ts';
import { IPPROTO_AH } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { findExtension } from './ipv6-extension.ts';
import { SpiTest } from './spi-test.ts';
import { ALL_NUMBERS, isAllNumbers, isIn, listSomeRange, u32Range } from './u32-range.ts';

const FIELD = { headerLength: ah.HEADER_LENGTH, spi: ah.spi };
const RESERVED_AT = 2;

class AhTest6 implements MatchTest {
  private readonly spis: Range;
  private readonly not: boolean;
  /** 0: any length. */
  private readonly length: number;
  private readonly lengthNot: boolean;
  private readonly reserved: boolean;

  constructor(info: Info) {
    this.spis = info.spi?.value ?? ALL_NUMBERS;
    this.not = info.spi?.not ?? false;
    this.length = info.length?.value ?? 0;
    this.lengthNot = info.length?.not ?? false;
    this.reserved = info.reserved !== undefined;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const header = findExtension(pkt, at, IPPROTO_AH, ah.HEADER_LENGTH);
    if (header < 0) return false;
    const { bytes } = pkt;
    return (
      isIn(ah.spi(bytes, header) >>> 0, this.spis) !== this.not &&
      (this.length === 0 || (ah.headerLength(bytes, header) === this.length) !== this.lengthNot) &&
      !(this.reserved && readU16(bytes, header + RESERVED_AT) !== 0)
    );
  }
}

const spi = {
  value: u32Range('spi[:spi]'),
  name: 'ahspi',
  negate: true,
  omit: isAllNumbers,
  about: 'one index, or a range with both ends',
} as const;

const options = {
  spi,
  length: {
    value: uint(0, 0xffff_ffff, 'length'),
    name: 'ahlen',
    negate: true,
    omit: (length: number) => length === 0,
    about: 'the length of the header in bytes',
  },
  reserved: { value: flag, name: 'ahres', about: 'the reserved field is zero' },
} as const;

type Info = InfoOf<typeof options>;

function listLength(given: Given<number> | undefined): string {
  return given === undefined || given.value === 0 ? '' : `length:${given.not ? '!' : ''}${given.value}`;
}

const NAMED = {
  name: 'ah',
  about: 'the security parameters index of the authentication header (IPsec)',
} as const;

export const ah4 = defineMatch({
  ...NAMED,
  families: [4],
  protocols: [IPPROTO_AH],
  options: { spi },
  list: (info) => `ah ${listSomeRange('spi', info.spi)}`,
  create: (info) => new SpiTest(FIELD, info.spi),
});

export const ah6 = defineMatch({
  ...NAMED,
  families: [6],
  options,
  // iptables leaves no space between the index and the length.
  list: (info) =>
    `ah ${listSomeRange('spi', info.spi)}${listLength(info.length)}${info.reserved === undefined ? '' : ' reserved'}`,
  create: (info) => new AhTest6(info),
});
