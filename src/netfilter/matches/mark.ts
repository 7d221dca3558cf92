/**
 * `-m mark`: the packet's mark. Linux: xt_mark. A value with bits outside its mask never matches.
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { masked, type Masked } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class MarkTest implements MatchTest {
  private readonly value: number;
  private readonly mask: number;
  private readonly not: boolean;

  constructor(given: Given<Masked>) {
    this.value = given.value.value;
    this.mask = given.value.mask;
    this.not = given.not;
  }

  test(pkt: PacketBuffer): boolean {
    return ((pkt.mark & this.mask) === this.value) !== this.not;
  }
}

export const mark = defineMatch({
  name: 'mark',
  about: "the packet's mark",
  options: {
    mark: { value: masked, negate: true, required: true, about: 'the mark, of the bits in the mask' },
  },
  list: (info, family) => `mark match ${info.mark!.not ? '! ' : ''}${masked.print(info.mark!.value, family)}`,
  create: (info) => new MarkTest(info.mark!),
});
