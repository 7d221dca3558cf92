/**
 * `-m ipv6header`: which extension headers a packet has. Linux: ip6t_ipv6header. Strict, it has just those given; soft
 * (`--soft`), it has at least one of them, or (inverted) none.
 */
import { defineMatch, type Given, type MatchTest, type ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, printBits } from '../syntax/values/index.ts';
import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_ESP,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
} from '../../wire/ip-protocol.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import { headerLength, isExtension } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const UPPER_LAYER = 255;
const PROTOCOL_BIT = 0x01;
const NONE_BIT = 0x02;

interface Header {
  readonly name: string;
  readonly short: string;
  readonly number: number;
  readonly bit: number;
}

/** In the order of printing. */
const HEADERS: readonly Header[] = [
  { name: 'hop-by-hop', short: 'hop', number: IPPROTO_HOPOPTS, bit: 0x80 },
  { name: 'ipv6-opts', short: 'dst', number: IPPROTO_DSTOPTS, bit: 0x40 },
  { name: 'ipv6-route', short: 'route', number: IPPROTO_ROUTING, bit: 0x20 },
  { name: 'ipv6-frag', short: 'frag', number: IPPROTO_FRAGMENT, bit: 0x10 },
  { name: 'ah', short: 'auth', number: IPPROTO_AH, bit: 0x08 },
  { name: 'esp', short: 'esp', number: IPPROTO_ESP, bit: 0x04 },
  { name: 'ipv6-nonxt', short: 'none', number: IPPROTO_NONE, bit: NONE_BIT },
  { name: 'protocol', short: 'prot', number: UPPER_LAYER, bit: PROTOCOL_BIT },
];

const BITS = HEADERS.map(({ name, bit }) => [name, bit] as const);

const headerList: ValueType<number> = {
  label: 'header[,header...]',
  parse(words) {
    if (words[0] === '') throw new ValueError('ip6t_ipv6header: cannot parse header names');
    let bits = 0;
    for (const word of words[0]!.split(',')) {
      const header = HEADERS.find(
        ({ name, short, number }) => name === word || short === word || String(number) === word,
      );
      if (header === undefined) throw new ValueError(`unknown header \`${word}' specified`);
      bits |= header.bit;
    }
    return bits;
  },
  print: (value) => printBits(BITS, value),
};

/** Bit of each next-header value, 0 for those that are no extension header. */
const BIT_OF = new Uint8Array(256);
for (const { number, bit } of HEADERS) BIT_OF[number] = bit;

/** Bits of the headers of a packet; -1 where the chain leaves the datagram. */
function headersOf(pkt: PacketBuffer): number {
  const { bytes, l3, l3End } = pkt;
  let next = ipv6.nextHeader(bytes, l3);
  let at = l3 + ipv6.HEADER_LENGTH;
  let bits = 0;
  while (isExtension(next)) {
    if (next === IPPROTO_NONE) return bits | NONE_BIT;
    if (at + 2 > l3End) return -1;
    bits |= BIT_OF[next]!;
    const length = headerLength(bytes, at, next);
    next = bytes[at]!;
    at += length;
    if (at > l3End) break;
  }
  // What follows ESP is not known, and ESP itself is not among the headers that Linux walks over.
  return next === IPPROTO_NONE || next === IPPROTO_ESP ? bits : bits | PROTOCOL_BIT;
}

class Ipv6HeaderTest implements MatchTest {
  private readonly wanted: number;
  private readonly not: boolean;
  private readonly soft: boolean;

  constructor(headers: Given<number>, soft: boolean) {
    this.wanted = headers.value;
    this.not = headers.not;
    this.soft = soft;
  }

  test(pkt: PacketBuffer): boolean {
    const bits = headersOf(pkt);
    if (bits < 0) return false;
    if (!this.soft) return (bits === this.wanted) !== this.not;
    return (bits & this.wanted) === (this.not ? 0 : this.wanted);
  }
}

function list(headers: Given<number>, soft: boolean, numeric: boolean): string {
  const bits = numeric
    ? `0x${headers.value.toString(16).toUpperCase().padStart(2, '0')}`
    : printBits(BITS, headers.value);
  return `ipv6header flags:${headers.not ? '!' : ''}${bits}${soft ? ' soft' : ''}`;
}

export const ipv6header = defineMatch({
  name: 'ipv6header',
  about: 'which extension headers an IPv6 packet has',
  families: [6],
  options: {
    header: { value: headerList, negate: true, required: true, about: 'these headers' },
    soft: { value: flag, about: 'all of these, and maybe others' },
  },
  list: (info, _family, numeric) => list(info.header!, info.soft !== undefined, numeric),
  create: (info) => new Ipv6HeaderTest(info.header!, info.soft !== undefined),
});
