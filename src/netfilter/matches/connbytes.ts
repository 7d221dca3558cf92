/**
 * `-m connbytes`: how much a connection has carried so far, the packet at hand included. Linux: xt_connbytes. A rule of it
 * switches the counting on (net.netfilter.nf_conntrack_acct); a connection that began before is not counted and
 * never matches.
 */
import type { ConntrackView } from '../conntrack/view.ts';
import { defineMatch, type Given, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import { ValueError, badValue } from '../syntax/value-error.ts';
import { oneOf, parseUnsigned64 } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const MAX = 0xffff_ffff_ffff_ffffn;

interface Amounts {
  readonly low: bigint;
  readonly high: bigint;
}

/** `from[:[to]]`; without `to` there is no upper end, which is not printed (nor, as iptables has it, is one of 0). */
const amounts: ValueType<Amounts> = {
  label: 'from[:to]',
  parse(words, use) {
    const parts = words[0]!.split(':');
    if (parts.length > 2) {
      throw new ValueError(`connbytes: Too many components for option "--${use.option}" (max: 2)\n`);
    }
    const end = (part: string | undefined, missing: bigint): bigint => {
      if (part === undefined || part === '') return missing;
      const value = parseUnsigned64(part);
      if (value === null || value > MAX)
        throw badValue(use, part.startsWith('-') ? words[0]! : part, `0-${MAX}`);
      return value;
    };
    const low = end(parts[0], 0n);
    const high = end(parts[1], MAX);
    if (low > high) throw new ValueError(`${low} should be less than ${high}`);
    return { low, high };
  },
  print: ({ low, high }) => (high === MAX || high === 0n ? String(low) : `${low}:${high}`),
};

const MODES = ['packets', 'bytes', 'avgpkt'] as const;
const DIRECTIONS = ['original', 'reply', 'both'] as const;
type Mode = (typeof MODES)[number];
type Side = (typeof DIRECTIONS)[number];

class ConnbytesTest implements MatchTest {
  private readonly conntrack: ConntrackView;
  private readonly low: number;
  private readonly high: number;
  private readonly not: boolean;
  private readonly mode: Mode;
  private readonly original: boolean;
  private readonly reply: boolean;

  constructor(given: Given<Amounts>, mode: Mode, side: Side, conntrack: ConntrackView) {
    this.conntrack = conntrack;
    this.low = Number(given.value.low);
    this.high = Number(given.value.high);
    this.not = isInverted(given);
    this.mode = mode;
    this.original = side !== 'reply';
    this.reply = side !== 'original';
  }

  test(pkt: PacketBuffer): boolean {
    const { conntrack } = this;
    const entry = pkt.ct;
    if (entry <= 0) return false;
    // A connection that is counted has counted this packet at least.
    const sent = conntrack.packets(entry, 0);
    const answered = conntrack.packets(entry, 1);
    if (sent + answered === 0) return false;
    const packets = (this.original ? sent : 0) + (this.reply ? answered : 0);
    const amount = this.mode === 'packets' ? packets : this.bytes(entry, packets);
    return (amount >= this.low && amount <= this.high) !== this.not;
  }

  /** Bytes, or bytes a packet, rounded down; 0 when there was no packet. */
  private bytes(entry: number, packets: number): number {
    const { conntrack } = this;
    const bytes =
      (this.original ? conntrack.bytes(entry, 0) : 0) + (this.reply ? conntrack.bytes(entry, 1) : 0);
    if (this.mode === 'bytes') return bytes;
    return packets === 0 ? 0 : Math.floor(bytes / packets);
  }
}

/** The kernel is told of the inversion by swapped ends, so a range of one value can't be inverted. */
function isInverted({ value, not }: Given<Amounts>): boolean {
  return not && value.low !== value.high;
}

const options = {
  connbytes: { value: amounts, negate: true, required: true, about: 'from so much, to so much where given' },
  mode: {
    value: oneOf(MODES, { bad: (word) => `Unknown --connbytes-mode \`${word}'` }),
    name: 'connbytes-mode',
    required: true,
    about: 'what is counted: packets, bytes, or bytes a packet on average',
  },
  direction: {
    value: oneOf(DIRECTIONS, { bad: (word) => `Unknown --connbytes-dir \`${word}'` }),
    name: 'connbytes-dir',
    required: true,
    about: 'in which direction',
  },
} as const;

function save(info: InfoOf<typeof options>, dashes: string): readonly [string, string, string] {
  const given = info.connbytes!;
  return [
    `${isInverted(given) ? '! ' : ''}${dashes}connbytes ${amounts.print(given.value, 4)}`,
    info.mode!.value,
    info.direction!.value,
  ];
}

export const connbytes = defineMatch({
  name: 'connbytes',
  about: 'how much the connection has carried so far',
  needsConntrack: true,
  options,
  save(info) {
    const [range, mode, direction] = save(info, '--');
    return `${range} --connbytes-mode ${mode} --connbytes-dir ${direction}`;
  },
  list(info) {
    const [range, mode, direction] = save(info, '');
    return `${range} connbytes mode ${mode} connbytes direction ${direction}`;
  },
  create(info, { conntrack, sysctls }) {
    sysctls.set('net.netfilter.nf_conntrack_acct', 1);
    return new ConnbytesTest(info.connbytes!, info.mode!.value, info.direction!.value, conntrack);
  },
});
