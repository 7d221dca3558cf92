/**
 * `-m length`: the length of the IP datagram, header included. Linux: xt_length.
 */
import { defineMatch, type MatchTest } from '../extension.ts';
import { range, type Range } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class LengthTest implements MatchTest {
  private readonly low: number;
  private readonly high: number;
  private readonly not: boolean;

  constructor(lengths: Range, not: boolean) {
    this.low = lengths.low;
    this.high = lengths.high;
    this.not = not;
  }

  test(pkt: PacketBuffer): boolean {
    const length = pkt.l3End - pkt.l3;
    return (length >= this.low && length <= this.high) !== this.not;
  }
}

export const length = defineMatch({
  name: 'length',
  about: 'the length of the IP datagram in bytes',
  options: {
    length: {
      value: range(0, 65535, 'length[:length]'),
      negate: true,
      required: true,
      about: 'one length, or a range with both ends',
    },
  },
  list: ({ length: given }) => `length ${given!.not ? '!' : ''}${range(0, 65535).print(given!.value, 4)}`,
  create: (info) => new LengthTest(info.length!.value, info.length!.not),
});
