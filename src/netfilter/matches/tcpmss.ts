/**
 * `-m tcpmss`: the maximum segment size that a TCP header announces. Linux: xt_tcpmss. A segment without the option only
 * matches inverted; a header cut short drops the packet (hotdrop).
 */
import { defineMatch, type Given, type MatchTest, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { range, type Range } from '../syntax/values/index.ts';
import { readU16 } from '../../wire/bytes.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { MSS, MSS_LENGTH } from '../../wire/tcp-options.ts';
import { isIn } from './u32-range.ts';

const anySizes = range(0, 65535, 'size[:size]');
const sizes: ValueType<Range> = {
  ...anySizes,
  parse(words, use) {
    const value = anySizes.parse(words, use);
    if (value.low > value.high) throw new ValueError('tcpmss: invalid range given');
    return value;
  },
};

class TcpmssTest implements MatchTest {
  private readonly sizes: Range;
  private readonly not: boolean;

  constructor({ value, not }: Given<Range>) {
    this.sizes = value;
    this.not = not;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const { bytes, l4, l3End } = pkt;
    const length = l4 + tcp.HEADER_LENGTH > l3End ? 0 : tcp.headerLength(bytes, l4);
    if (length < tcp.HEADER_LENGTH || l4 + length > l3End) {
      at.hotdrop = true;
      return false;
    }
    const size = announced(bytes, l4 + tcp.HEADER_LENGTH, l4 + length);
    return size < 0 ? this.not : isIn(size, this.sizes) !== this.not;
  }
}

/** The size announced, -1 for none. As in Linux an end-of-list byte does not end the walk. */
function announced(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end;) {
    const kind = bytes[i]!;
    if (kind === MSS && end - i >= MSS_LENGTH && bytes[i + 1] === MSS_LENGTH) return readU16(bytes, i + 2);
    i += kind < 2 || i + 1 >= end ? 1 : bytes[i + 1]! || 1;
  }
  return -1;
}

export const tcpmss = defineMatch({
  name: 'tcpmss',
  about: 'the maximum segment size that a TCP header announces',
  protocols: [IPPROTO_TCP],
  options: {
    mss: { value: sizes, negate: true, required: true, about: 'one size, or a range with both ends' },
  },
  mayHotdrop: () => true,
  list: ({ mss }) => `tcpmss match ${mss!.not ? '!' : ''}${sizes.print(mss!.value, 4)}`,
  create: (info) => new TcpmssTest(info.mss!),
});
