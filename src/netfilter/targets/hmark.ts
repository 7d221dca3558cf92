/**
 * `-j HMARK`: a mark out of a range, chosen by a hash of the packet's addresses and ports; both directions of a flow get the
 * same. Linux: xt_HMARK. An ICMP error is hashed as the packet that it quotes.
 */
import { Tuple } from '../conntrack/tuple.ts';
import type { ConntrackView } from '../conntrack/view.ts';
import { defineTarget, type InfoOf, type TargetAction } from '../extension.ts';
import type { Family } from '../hook.ts';
import { jenkins3, scale } from '../nat/jenkins.ts';
import { ValueError } from '../syntax/value-error.ts';
import { bitNames, hexUint, uint } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import { maskWord } from '../../wire/address.ts';
import { readI32 } from '../../wire/bytes.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { prefixLength } from '../matches/prefix-length.ts';
import { portsOffset } from '../matches/ports-offset.ts';
import { quotedPacket } from './quoted-packet.ts';

const NO_PORTS = -1;

class HmarkAction implements TargetAction {
  private readonly conntrack: ConntrackView | null;
  private readonly sourceMask: Int32Array;
  private readonly destinationMask: Int32Array;
  /** Both ports in one word, the source's in the upper half. */
  private readonly portMask: number;
  private readonly portSet: number;
  private readonly protocolMask: number;
  private readonly seed: number;
  private readonly modulus: number;
  private readonly offset: number;
  private readonly scratchTuple = new Tuple();
  private readonly scratchQuoted: PacketBuffer[] = [];

  constructor(info: Info, family: Family, conntrack: ConntrackView) {
    // What is not said does not count.
    const maskOf = (prefix = 0) => Int32Array.from({ length: 4 }, (_, i) => maskWord(prefix, i));
    const parts = partsOf(info, family);
    this.conntrack = parts.connection ? conntrack : null;
    this.sourceMask = maskOf(parts.sourcePrefix);
    this.destinationMask = maskOf(parts.destinationPrefix);
    this.portMask = parts.spiMask ?? ((parts.sportMask ?? 0) << 16) | (parts.dportMask ?? 0);
    this.portSet = info.spi?.value ?? ((info.sport?.value ?? 0) << 16) | (info.dport?.value ?? 0);
    this.protocolMask = parts.protocolMask ?? 0;
    this.seed = info.seed!.value;
    this.modulus = info.modulus!.value;
    this.offset = info.offset?.value ?? 0;
  }

  run(pkt: PacketBuffer): number {
    const tuple = this.scratchTuple;
    if (this.conntrack !== null) {
      if (pkt.ct <= 0) return Verdict.CONTINUE;
      this.readConnection(this.conntrack, pkt.ct, tuple);
    } else {
      const quoted = quotedPacket(pkt, this.scratchQuoted);
      if (quoted === undefined) return Verdict.CONTINUE;
      readPacket(quoted ?? pkt, tuple);
    }
    pkt.mark = this.markOf(tuple);
    return Verdict.CONTINUE;
  }

  /** The original source, and where the replies come from. */
  private readConnection(conntrack: ConntrackView, entry: number, out: Tuple): void {
    conntrack.readTuple(entry, 1, out);
    const { src0, src1, src2, src3, srcId } = out;
    conntrack.readTuple(entry, 0, out);
    out.dst0 = src0;
    out.dst1 = src1;
    out.dst2 = src2;
    out.dst3 = src3;
    out.dstId = srcId;
  }

  private markOf(tuple: Tuple): number {
    const { sourceMask: s, destinationMask: d } = this;
    let source = (tuple.src0 & s[0]!) ^ (tuple.src1 & s[1]!) ^ (tuple.src2 & s[2]!) ^ (tuple.src3 & s[3]!);
    let destination =
      (tuple.dst0 & d[0]!) ^ (tuple.dst1 & d[1]!) ^ (tuple.dst2 & d[2]!) ^ (tuple.dst3 & d[3]!);
    if (destination >>> 0 < source >>> 0) [source, destination] = [destination, source];
    const hash =
      jenkins3(source, destination, this.portsOf(tuple), this.seed) ^ (tuple.proto & this.protocolMask);
    return (scale(hash >>> 0, this.modulus) + this.offset) | 0;
  }

  /** The larger port first; 0 for what has no ports. */
  private portsOf(tuple: Tuple): number {
    const isIcmp = tuple.proto === IPPROTO_ICMP || tuple.proto === IPPROTO_ICMPV6;
    if (isIcmp || portsOffset(tuple.proto) < 0 || tuple.srcId === NO_PORTS) return 0;
    const ports = (((tuple.srcId << 16) | tuple.dstId) & this.portMask) | this.portSet;
    const source = ports >>> 16;
    const destination = ports & 0xffff;
    return destination > source ? (destination << 16) | source : ports;
  }
}

/** Ports of fragments are not looked at: there are none then, and `srcId` is NO_PORTS. */
function readPacket(pkt: PacketBuffer, out: Tuple): void {
  out.src0 = pkt.src0;
  out.src1 = pkt.src1;
  out.src2 = pkt.src2;
  out.src3 = pkt.src3;
  out.dst0 = pkt.dst0;
  out.dst1 = pkt.dst1;
  out.dst2 = pkt.dst2;
  out.dst3 = pkt.dst3;
  out.proto = pkt.proto;
  const offset = portsOffset(pkt.proto);
  const at = pkt.l4 + offset;
  const hasPorts = offset >= 0 && pkt.fragOffset === 0 && pkt.moreFragments === 0 && at + 4 <= pkt.l3End;
  const ports = hasPorts ? readI32(pkt.bytes, at) : 0;
  out.srcId = hasPorts ? ports >>> 16 : NO_PORTS;
  out.dstId = ports & 0xffff;
}

const Part = {
  SOURCE: 1,
  DESTINATION: 2,
  SPORT: 4,
  DPORT: 8,
  SPI: 16,
  PROTOCOL: 32,
  CONNECTION: 64,
} as const;

const tuple = bitNames(
  [
    ['src', Part.SOURCE],
    ['dst', Part.DESTINATION],
    ['sport', Part.SPORT],
    ['dport', Part.DPORT],
    ['spi', Part.SPI],
    ['proto', Part.PROTOCOL],
    ['ct', Part.CONNECTION],
  ],
  { bad: (word) => `Bad type "${word}"` },
);

const u32 = (name: string, about: string) => ({ value: uint(0, 0xffff_ffff), name, about }) as const;
const u16 = (name: string, about: string) => ({ value: uint(0, 0xffff), name, about }) as const;
const prefix = (name: string, about: string) => ({ value: prefixLength, name, about }) as const;

const options = {
  sourcePrefix: prefix('hmark-src-prefix', 'how much of the source address counts'),
  destinationPrefix: prefix('hmark-dst-prefix', 'how much of the destination address counts'),
  sportMask: u16('hmark-sport-mask', 'which bits of the source port count'),
  dportMask: u16('hmark-dport-mask', 'which bits of the destination port count'),
  spiMask: u32('hmark-spi-mask', 'which bits of the SPI count (ESP, AH)'),
  sport: u16('hmark-sport', 'bits of the source port that are taken as set'),
  dport: u16('hmark-dport', 'bits of the destination port that are taken as set'),
  spi: u32('hmark-spi', 'bits of the SPI that are taken as set'),
  protocolMask: u16('hmark-proto-mask', 'which bits of the protocol count'),
  seed: { value: hexUint(0, 0xffff_ffff), name: 'hmark-rnd', about: 'what the hash begins with' },
  modulus: { value: uint(1, 0xffff_ffff), name: 'hmark-mod', about: 'how many marks there are' },
  offset: { value: uint(0, 0xffff_ffff), name: 'hmark-offset', about: 'the first of them' },
  tuple: { value: tuple, name: 'hmark-tuple', about: 'what counts; ct: as the connection has it' },
} as const;

type Info = InfoOf<typeof options>;

interface Parts {
  readonly sourcePrefix: number | undefined;
  readonly destinationPrefix: number | undefined;
  readonly sportMask: number | undefined;
  readonly dportMask: number | undefined;
  readonly spiMask: number | undefined;
  readonly protocolMask: number | undefined;
  readonly connection: boolean;
}

/** What is given by itself or as part of the tuple, which stands for all bits. */
function partsOf(info: Info, family: Family): Parts {
  const of = info.tuple?.value ?? 0;
  const all = family === 4 ? 32 : 128;
  const given = (value: { readonly value: number } | undefined, part: number, whole: number) =>
    (of & part) === 0 ? value?.value : whole;
  return {
    sourcePrefix: given(info.sourcePrefix, Part.SOURCE, all),
    destinationPrefix: given(info.destinationPrefix, Part.DESTINATION, all),
    sportMask: given(info.sportMask, Part.SPORT, 0xffff),
    dportMask: given(info.dportMask, Part.DPORT, 0xffff),
    spiMask: given(info.spiMask, Part.SPI, 0xffff_ffff),
    protocolMask: given(info.protocolMask, Part.PROTOCOL, 0xffff),
    connection: (of & Part.CONNECTION) !== 0,
  };
}

/** An option that follows the tuple may not say what the tuple said; one before it is overruled. */
const TWICE = [
  ['sourcePrefix', Part.SOURCE, 'hmark-src-prefix'],
  ['destinationPrefix', Part.DESTINATION, 'hmark-dst-prefix'],
  ['sportMask', Part.SPORT, 'hmark-sport-mask'],
  ['dportMask', Part.DPORT, 'hmark-dport-mask'],
  ['spiMask', Part.SPI, 'hmark-spi-mask'],
  ['protocolMask', Part.PROTOCOL, 'hmark-proto-mask'],
] as const;

function check(info: Info, family: Family): void {
  const of = info.tuple?.value ?? 0;
  const written = Object.keys(info);
  for (const [property, part, name] of TWICE) {
    const isBehind = written.indexOf(property) > written.indexOf('tuple');
    if (info[property] !== undefined && (of & part) !== 0 && isBehind)
      throw new ValueError(`HMARK: option "--${name}" can only be used once.\n`);
  }
  if (info.modulus === undefined) throw new ValueError('--hmark-mod is mandatory');
  if (info.seed === undefined) throw new ValueError('--hmark-rnd is mandatory');
  const parts = partsOf(info, family);
  const hasPorts = (parts.sportMask ?? parts.dportMask) !== undefined;
  if (parts.spiMask !== undefined && hasPorts)
    throw new ValueError('you cannot use --hmark-spi-mask and --hmark-?port-mask,at the same time');
  const says = [parts.sourcePrefix, parts.destinationPrefix, parts.spiMask, parts.protocolMask];
  const sets = [info.sport, info.dport, info.spi];
  const isSaid = hasPorts || says.some((part) => part !== undefined) || sets.some((set) => set !== undefined);
  if (!isSaid && !parts.connection) throw new ValueError('you have to specify --hmark-tuple at least');
  if (info.spi !== undefined && (info.sport ?? info.dport) !== undefined)
    throw new ValueError("spi-set and port-set can't be combined", 'REFUSED');
}

const padded = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`;

function save(info: Info, family: Family): string {
  const parts = partsOf(info, family);
  const words: string[] = [];
  const say = (name: string, value: number | undefined, text: (value: number) => string) => {
    if (value !== undefined) words.push(`--hmark-${name} ${text(value)}`);
  };
  const port = (value: number) => padded(value, 4);
  const word = (value: number) => padded(value, 8);
  say('src-prefix', parts.sourcePrefix, String);
  say('dst-prefix', parts.destinationPrefix, String);
  say('sport-mask', parts.sportMask, port);
  say('dport-mask', parts.dportMask, port);
  say('spi-mask', parts.spiMask, word);
  say('sport', info.sport?.value, port);
  say('dport', info.dport?.value, port);
  say('spi', info.spi?.value, word);
  say('proto-mask', parts.protocolMask, (value) => padded(value, 2));
  say('rnd', info.seed!.value, word);
  say('mod', info.modulus!.value, String);
  say('offset', info.offset?.value, String);
  if (parts.connection) words.push('--hmark-tuple ct');
  return words.join(' ');
}

function list(info: Info, family: Family): string {
  const parts = partsOf(info, family);
  const words = [`HMARK mod ${info.modulus!.value}`];
  const say = (name: string, value: number | undefined, text: (value: number) => string) => {
    if (value !== undefined) words.push(`${name} ${text(value)}`);
  };
  const hex = (value: number) => `0x${value.toString(16)}`;
  // iptables has no words for a whole IPv6 address.
  const length = (value: number) => (value === 128 ? '' : String(value));
  say('+', info.offset?.value, hex);
  if (parts.connection) words.push('ct,');
  say('src-prefix', parts.sourcePrefix, length);
  say('dst-prefix', parts.destinationPrefix, length);
  say('sport-mask', parts.sportMask, hex);
  say('dport-mask', parts.dportMask, hex);
  say('spi-mask', parts.spiMask, hex);
  say('sport', info.sport?.value, hex);
  say('dport', info.dport?.value, hex);
  say('spi', info.spi?.value, hex);
  say('proto-mask', parts.protocolMask, hex);
  say('rnd', info.seed!.value, hex);
  return `${words.join(' ')} `;
}

export const hmark = defineTarget({
  name: 'HMARK',
  about: 'a mark chosen by a hash of addresses and ports',
  options,
  check: (info, use) => check(info, use.family),
  save,
  list,
  create: (info, { conntrack }, { family }) => new HmarkAction(info, family, conntrack),
});
