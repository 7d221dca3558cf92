/**
 * `-m iprange`: addresses from one to another. Linux: xt_iprange. A range whose low end lies above its high one holds
 * no address.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest } from '../extension.ts';
import type { Family } from '../hook.ts';
import { ValueError } from '../syntax/value-error.ts';
import { addressRange, type AddressRange } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** Flips the top bit, so that signed comparison orders as unsigned does and the words stay small integers. */
const TOP = -0x8000_0000;

class IprangeTest implements MatchTest {
  readonly isSteady = true;
  private readonly source: Bounds | null;
  private readonly destination: Bounds | null;

  constructor(source: Given<AddressRange> | undefined, destination: Given<AddressRange> | undefined) {
    this.source = source === undefined ? null : new Bounds(source);
    this.destination = destination === undefined ? null : new Bounds(destination);
  }

  test(pkt: PacketBuffer): boolean {
    const { source, destination } = this;
    if (source !== null && !source.allows(pkt.src0, pkt.src1, pkt.src2, pkt.src3)) return false;
    return destination === null || destination.allows(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
  }
}

class Bounds {
  private readonly low: Int32Array;
  private readonly high: Int32Array;
  private readonly not: boolean;

  constructor(range: Given<AddressRange>) {
    this.low = range.value.low.map((word) => word ^ TOP);
    this.high = range.value.high.map((word) => word ^ TOP);
    this.not = range.not;
  }

  /** An IPv4 address has its other words 0, as have the bounds, so both families compare alike. */
  allows(w0: number, w1: number, w2: number, w3: number): boolean {
    return (order(w0, w1, w2, w3, this.low) >= 0 && order(w0, w1, w2, w3, this.high) <= 0) !== this.not;
  }
}

/** Negative, zero or positive, as the address lies below, at or above the bound. */
function order(w0: number, w1: number, w2: number, w3: number, bound: Int32Array): number {
  const a0 = w0 ^ TOP;
  if (a0 !== bound[0]!) return a0 < bound[0]! ? -1 : 1;
  const a1 = w1 ^ TOP;
  if (a1 !== bound[1]!) return a1 < bound[1]! ? -1 : 1;
  const a2 = w2 ^ TOP;
  if (a2 !== bound[2]!) return a2 < bound[2]! ? -1 : 1;
  const a3 = w3 ^ TOP;
  return a3 === bound[3]! ? 0 : a3 < bound[3]! ? -1 : 1;
}

const options = {
  source: {
    value: addressRange,
    name: 'src-range',
    negate: true,
    about: 'the source address lies in the range',
  },
  destination: {
    value: addressRange,
    name: 'dst-range',
    negate: true,
    about: 'the destination address lies in the range',
  },
} as const;

function list(info: InfoOf<typeof options>, family: Family): string {
  const words: string[] = [];
  const show = (side: string, range: Given<AddressRange> | undefined) => {
    if (range === undefined) return;
    words.push(`${side} IP range ${range.not ? '! ' : ''}${addressRange.print(range.value, family)}`);
  };
  show('source', info.source);
  show('destination', info.destination);
  return words.join(' ');
}

export const iprange = defineMatch({
  name: 'iprange',
  about: 'addresses from one to another',
  options,
  check(info) {
    if (info.source === undefined && info.destination === undefined) {
      throw new ValueError("iprange match: You must specify `--src-range' or `--dst-range'");
    }
  },
  list: (info, family) => list(info, family),
  create: (info) => new IprangeTest(info.source, info.destination),
});
