/**
 * `-j MARK`: changes the packet's mark. Linux: xt_mark.
 */
import { defineTarget, type TargetAction } from '../extension.ts';
import type { Masked } from '../syntax/values/index.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { listMarkChange, markWays } from './mark-ways.ts';

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
  options: { ...markWays, xmark: { ...markWays.xmark, required: true } },
  list: (info) => `MARK ${listMarkChange(info.xmark!.value)}`,
  create: (info) => new MarkAction(info.xmark!.value),
});
