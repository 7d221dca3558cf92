/**
 * `-j SNPT` and `-j DNPT`: replace the prefix of an IPv6 address by another one, without state (RFC 6296). Linux: ip6t_NPT. A
 * word of the address makes up for what the new prefix changes in checksums, so nothing behind the IP header changes.
 * The address quoted in an ICMPv6 error is translated too.
 *
 * Linux tells the sender of a packet that can't be translated; here it is just dropped.
 */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import { DropReason } from '../drop-reason.ts';
import { Hook } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import { formatAddress, formatMask, parseAddress, parseMask } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { maskWord } from '../../wire/address.ts';
import { readI32, readU16, writeU16, writeU32 } from '../../wire/bytes.ts';
import { IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const LONGEST_PREFIX = 64;
/** Of prefixes up to this length the 16 bits behind them make up for the difference, of others a word of the lower half. */
const SUBNET_END = 48;
const SUBNET_WORD = 3;
const ICMPV6_HEADER = 8;
const FIRST_INFORMATIONAL = 128;
const ALL_ONES = 0xffff;

interface Prefix {
  readonly words: Int32Array;
  readonly length: number;
}

/** `address/length`. */
const prefix: ValueType<Prefix> = {
  label: 'prefix/length',
  parse([word]) {
    const [text, maskText = '128'] = word!.split('/');
    const words = parseAddress(text!, 6);
    const mask = parseMask(maskText, 6);
    if (words === null) throw new ValueError(`host/network \`${text!}' not found`);
    if (mask === null) throw new ValueError(`invalid mask \`${maskText}' specified`);
    return { words, length: Number(formatMask(mask, 6)) };
  },
  print: ({ words, length }) => `${formatAddress(words, 6)}/${length}`,
};

/** The ones' complement sum of the 16-bit words of an address. */
function sumOf(words: Int32Array): number {
  let sum = 0;
  for (const word of words) sum += (word >>> 16) + (word & ALL_ONES);
  return fold(sum);
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > ALL_ONES) folded = (folded & ALL_ONES) + (folded >>> 16);
  return folded;
}

class NptAction implements TargetAction {
  private readonly isSource: boolean;
  private readonly from: Prefix;
  private readonly to: Prefix;
  private readonly length: number;
  private readonly adjustment: number;

  constructor(isSource: boolean, from: Prefix, to: Prefix) {
    this.isSource = isSource;
    this.from = from;
    this.to = to;
    this.length = Math.max(from.length, to.length);
    this.adjustment = fold(sumOf(from.words) + (ALL_ONES - sumOf(to.words)));
  }

  run(pkt: PacketBuffer): number {
    const { bytes, l3 } = pkt;
    const at = l3 + (this.isSource ? ipv6.SRC_AT : ipv6.DST_AT);
    if (!this.map(bytes, at)) {
      pkt.dropReason = DropReason.NAT_FAILED;
      return Verdict.DROP;
    }
    if (this.isSource) {
      pkt.src0 = readI32(bytes, at);
      pkt.src1 = readI32(bytes, at + 4);
      pkt.src2 = readI32(bytes, at + 8);
      pkt.src3 = readI32(bytes, at + 12);
    } else {
      pkt.dst0 = readI32(bytes, at);
      pkt.dst1 = readI32(bytes, at + 4);
      pkt.dst2 = readI32(bytes, at + 8);
      pkt.dst3 = readI32(bytes, at + 12);
    }
    this.mapQuoted(pkt);
    return Verdict.CONTINUE;
  }

  /** An error quotes the packet that went the other way, so its other address is the one with the prefix. */
  private mapQuoted(pkt: PacketBuffer): void {
    const { bytes, l4 } = pkt;
    const quoted = l4 + ICMPV6_HEADER;
    if (ipv6.nextHeader(bytes, pkt.l3) !== IPPROTO_ICMPV6 || quoted + ipv6.HEADER_LENGTH > pkt.l3End) return;
    if (bytes[l4]! >= FIRST_INFORMATIONAL) return;
    const at = quoted + (this.isSource ? ipv6.DST_AT : ipv6.SRC_AT);
    for (let i = 0; i < 4; i++) {
      if (((readI32(bytes, at + 4 * i) ^ this.from.words[i]!) & maskWord(this.from.length, i)) !== 0) return;
    }
    this.map(bytes, at);
  }

  private map(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; 32 * i < this.length; i++) {
      const mask = maskWord(this.length, i);
      writeU32(bytes, at + 4 * i, (readI32(bytes, at + 4 * i) & ~mask) | (this.to.words[i]! & mask));
    }
    let word = SUBNET_WORD;
    if (this.length > SUBNET_END) {
      word = 4;
      while (word < 8 && readU16(bytes, at + 2 * word) === ALL_ONES) word++;
      if (word === 8) return false;
    }
    const sum = fold(readU16(bytes, at + 2 * word) + this.adjustment);
    writeU16(bytes, at + 2 * word, sum === ALL_ONES ? 0 : sum);
    return true;
  }
}

function isWhole({ words, length }: Prefix): boolean {
  return length <= LONGEST_PREFIX && words.every((word, i) => (word & ~maskWord(length, i)) === 0);
}

function npt(name: 'SNPT' | 'DNPT', hooks: readonly Hook[], about: string) {
  return defineTarget({
    name,
    about,
    families: [6],
    tables: ['mangle'],
    hooks,
    options: {
      from: { value: prefix, name: 'src-pfx', required: true, about: 'the prefix that is replaced' },
      to: { value: prefix, name: 'dst-pfx', required: true, about: 'the prefix in its place' },
    },
    check(info) {
      if (!isWhole(info.from!.value) || !isWhole(info.to!.value))
        throw new ValueError('Invalid argument', 'REFUSED');
    },
    list: (info, family) =>
      `${name} src-pfx ${prefix.print(info.from!.value, family)} dst-pfx ${prefix.print(info.to!.value, family)}`,
    create: (info) => new NptAction(name === 'SNPT', info.from!.value, info.to!.value),
  });
}

export const snpt = npt('SNPT', [Hook.INPUT, Hook.POSTROUTING], 'replaces the prefix of the source address');
export const dnpt = npt('DNPT', [Hook.PREROUTING, Hook.OUTPUT], 'replaces the prefix of the destination');
