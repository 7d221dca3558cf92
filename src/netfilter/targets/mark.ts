/**
 * `-j MARK`: changes the packet's mark. Linux: xt_mark. All ways to write it come to one: clear the bits of the mask,
 * then exclusive-or the value in.
 */
import { defineTarget, type TargetAction, type ValueType } from '../extension.ts';
import { bits32, masked, maskedAlways, type Masked } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** A way to write `--set-xmark`: reads like `from`, and means what `convert` makes of it. */
function means<V>(from: ValueType<V>, convert: (value: V) => Masked): ValueType<Masked> {
  return {
    label: from.label,
    parse: (words, use) => convert(from.parse(words, use)),
    print: maskedAlways.print,
  };
}

class MarkAction implements TargetAction {
  private readonly keep: number;
  private readonly flip: number;

  constructor(mark: Masked) {
    this.keep = ~mark.mask;
    this.flip = mark.value;
  }

  run(pkt: PacketBuffer): number {
    pkt.mark = (pkt.mark & this.keep) ^ this.flip;
    return Verdict.CONTINUE;
  }
}

export const mark = defineTarget({
  name: 'MARK',
  about: "changes the packet's mark",
  options: {
    xmark: {
      value: maskedAlways,
      name: 'set-xmark',
      required: true,
      about: 'clears the mask, exclusive-ors the value',
    },
    set: {
      value: means(masked, ({ value, mask }) => ({ value, mask: mask | value })),
      name: 'set-mark',
      as: 'xmark',
      about: 'clears the mask, sets the value',
    },
    and: {
      value: means(bits32, (v) => ({ value: 0, mask: ~v })),
      name: 'and-mark',
      as: 'xmark',
      about: 'binary AND',
    },
    or: {
      value: means(bits32, (v) => ({ value: v, mask: v })),
      name: 'or-mark',
      as: 'xmark',
      about: 'binary OR',
    },
    xor: {
      value: means(bits32, (v) => ({ value: v, mask: 0 })),
      name: 'xor-mark',
      as: 'xmark',
      about: 'binary XOR',
    },
  },
  create: (info) => new MarkAction(info.xmark!.value),
});
