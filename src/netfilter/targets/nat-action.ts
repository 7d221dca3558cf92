/** What SNAT and DNAT do: bind the connection to a translation out of the rule's range. */
import type { TargetAction } from '../extension.ts';
import type { Manip, NatRange, NatView } from '../nat/view.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export class NatAction implements TargetAction {
  private readonly nat: NatView;
  private readonly range: NatRange;
  private readonly manip: Manip;

  constructor(nat: NatView, range: NatRange, manip: Manip) {
    this.nat = nat;
    this.range = range;
    this.manip = manip;
  }

  run(pkt: PacketBuffer): number {
    return this.nat.setup(pkt, this.range, this.manip);
  }
}
