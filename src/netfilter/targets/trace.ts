/** `-j TRACE`: from here on every rule that the packet passes is logged. Linux: xt_TRACE. */
import { defineTarget, type TargetAction } from '../extension.ts';
import { Verdict } from '../verdict.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

class TraceAction implements TargetAction {
  run(pkt: PacketBuffer): number {
    pkt.traced = 1;
    return Verdict.CONTINUE;
  }
}

export const trace = defineTarget({
  name: 'TRACE',
  about: 'logs every rule that the packet passes from here on',
  tables: ['raw'],
  options: {},
  list: () => '',
  create: () => new TraceAction(),
});
