/**
 * `-m quota`: matches until so many bytes have gone by. Linux: xt_quota. What a packet finds too little for is used up by
 * it. -S prints the quota as it was written, not what is left.
 */
import { defineMatch, type MatchTest } from '../extension.ts';
import { uint64 } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class QuotaTest implements MatchTest {
  /** Bytes; beyond 2^53 they count as good as unlimited. */
  private left: number;
  private readonly not: boolean;

  constructor(quota: bigint, not: boolean) {
    this.left = Number(quota);
    this.not = not;
  }

  test(pkt: PacketBuffer): boolean {
    const length = pkt.l3End - pkt.l3;
    const enough = this.left >= length;
    this.left = enough ? this.left - length : 0;
    return enough !== this.not;
  }
}

export const quota = defineMatch({
  name: 'quota',
  about: 'until so many bytes have gone by',
  stateful: true,
  options: {
    quota: { value: uint64('bytes'), negate: true, required: true, about: 'so many bytes' },
  },
  list: (info) => `quota: ${info.quota!.value} bytes`,
  create: (info) => new QuotaTest(info.quota!.value, info.quota!.not),
});
