/**
 * `-m tcp`: ports, flags and the presence of an option in the TCP header. Linux: xt_tcpudp.
 *
 * A header that is not all there can't be judged, so the packet is dropped at once (hotdrop), and so is a fragment
 * that begins 8 bytes into the datagram: it would overwrite the flags of the first (RFC 1858).
 */
import { defineMatch, type Given, type MatchTest, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { parseUnsigned, portRange, printBits, type Range } from '../syntax/values/index.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { PSH } from '../../wire/tcp.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { ALL_PORTS, isAllPorts, listPorts, portFacts } from './port-facts.ts';

/** In the order of the header's bits, which is the order of printing. */
const FLAGS = [
  ['FIN', 0x01],
  ['SYN', 0x02],
  ['RST', 0x04],
  ['PSH', PSH],
  ['ACK', 0x10],
  ['URG', 0x20],
] as const;

interface FlagTest {
  readonly mask: number;
  readonly set: number;
}

function parseFlags(word: string): number {
  let bits = 0;
  for (const name of word.split(',')) {
    const upper = name.toUpperCase();
    if (upper === 'ALL') bits |= 0x3f;
    else if (upper !== 'NONE') {
      const flag = FLAGS.find(([flagName]) => flagName === upper);
      if (flag === undefined) throw new ValueError(`Unknown TCP flag \`${name}'`);
      bits |= flag[1];
    }
  }
  return bits;
}

const tcpFlags: ValueType<FlagTest> = {
  label: 'mask comp',
  choices: [...FLAGS.map(([name]) => name), 'ALL', 'NONE'],
  words: 2,
  parse: (words) => ({ mask: parseFlags(words[0]!), set: parseFlags(words[1]!) }),
  print: (v) => `${printBits(FLAGS, v.mask) || 'NONE'} ${printBits(FLAGS, v.set) || 'NONE'}`,
};

const syn: ValueType<FlagTest> = {
  label: '',
  words: 0,
  parse: () => ({ mask: 0x17, set: 0x02 }),
  print: () => '',
};

const optionKind: ValueType<number> = {
  label: 'number',
  parse(words) {
    const kind = parseUnsigned(words[0]!);
    if (kind < 1 || kind > 255) throw new ValueError(`Bad TCP option "${words[0]!}"`);
    return kind;
  },
  print: String,
};

class TcpTest implements MatchTest {
  readonly isSteady: boolean;
  private readonly sportLow: number;
  private readonly sportHigh: number;
  private readonly sportNot: boolean;
  private readonly dportLow: number;
  private readonly dportHigh: number;
  private readonly dportNot: boolean;
  private readonly flagMask: number;
  private readonly flagSet: number;
  private readonly flagNot: boolean;
  /** 0: no option is asked for. */
  private readonly option: number;
  private readonly optionNot: boolean;

  constructor(
    sport: Given<Range> | undefined,
    dport: Given<Range> | undefined,
    flags: Given<FlagTest> | undefined,
    option: Given<number> | undefined,
  ) {
    this.sportLow = (sport?.value ?? ALL_PORTS).low;
    this.sportHigh = (sport?.value ?? ALL_PORTS).high;
    this.sportNot = sport?.not ?? false;
    this.dportLow = (dport?.value ?? ALL_PORTS).low;
    this.dportHigh = (dport?.value ?? ALL_PORTS).high;
    this.dportNot = dport?.not ?? false;
    this.flagMask = flags?.value.mask ?? 0;
    this.flagSet = flags?.value.set ?? 0;
    this.flagNot = flags?.not ?? false;
    this.option = option?.value ?? 0;
    this.optionNot = option?.not ?? false;
    // PSH is the one flag in which steady segments differ.
    this.isSteady = this.option === 0 && (this.flagMask & PSH) === 0;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) {
      if (pkt.fragOffset === 8) at.hotdrop = true;
      return false;
    }
    if (pkt.l4Ok === 0) {
      at.hotdrop = true;
      return false;
    }
    const { sport, dport } = pkt;
    if ((sport >= this.sportLow && sport <= this.sportHigh) === this.sportNot) return false;
    if ((dport >= this.dportLow && dport <= this.dportHigh) === this.dportNot) return false;
    if (((pkt.bytes[pkt.l4 + 13]! & this.flagMask) === this.flagSet) === this.flagNot) return false;
    return this.option === 0 || this.hasOption(pkt, at);
  }

  private hasOption(pkt: PacketBuffer, at: HookState): boolean {
    const end = pkt.l4 + ((pkt.bytes[pkt.l4 + 12]! >> 4) << 2);
    if (end < pkt.l4 + 20 || end > pkt.l3End || end > pkt.end) {
      at.hotdrop = true;
      return false;
    }
    // Linux's own walk: an end-of-list byte does not end it, and a length of 0 steps on by one byte.
    for (let i = pkt.l4 + 20; i < end;) {
      const kind = pkt.bytes[i]!;
      if (kind === this.option) return !this.optionNot;
      i += kind < 2 || i + 1 >= end ? 1 : pkt.bytes[i + 1]! || 1;
    }
    return this.optionNot;
  }
}

/** ` option=!5 flags:0x17/0x02`. */
function listRest(
  info: { readonly option?: Given<number>; readonly flags?: Given<FlagTest> },
  numeric: boolean,
): string {
  const { option, flags } = info;
  const kind = option === undefined ? '' : ` option=${option.not ? '!' : ''}${option.value}`;
  if (flags === undefined || (flags.value.mask === 0 && !flags.not)) return kind;
  const bits = ({ mask, set }: FlagTest) => [mask, set].map((byte) => `0x${hexByte(byte)}`).join('/');
  const names = (value: FlagTest) => tcpFlags.print(value, 4).replace(' ', '/');
  return `${kind} flags:${flags.not ? '!' : ''}${numeric ? bits(flags.value) : names(flags.value)}`;
}

function hexByte(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

export const tcp = defineMatch({
  name: 'tcp',
  about: 'ports, flags and options of TCP',
  protocols: [IPPROTO_TCP],
  options: {
    sport: {
      value: portRange,
      aliases: ['source-port'],
      negate: true,
      omit: isAllPorts,
      about: 'source port or range',
    },
    dport: {
      value: portRange,
      aliases: ['destination-port'],
      negate: true,
      omit: isAllPorts,
      about: 'destination port or range',
    },
    option: { value: optionKind, name: 'tcp-option', negate: true, about: 'the option is in the header' },
    flags: {
      value: tcpFlags,
      name: 'tcp-flags',
      negate: true,
      about: 'of the flags in the first list, exactly those in the second are set',
    },
    syn: {
      value: syn,
      as: 'flags',
      negate: true,
      about: 'the first packet of a connection: SYN without ACK, RST, FIN',
    },
  },
  list: (info, _family, numeric) => `tcp${listPorts(info, 'tcp', numeric)}${listRest(info, numeric)}`,
  facts: portFacts,
  mayHotdrop: (info) => info.option !== undefined,
  create: (info) => new TcpTest(info.sport, info.dport, info.flags, info.option),
});
