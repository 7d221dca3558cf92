/** A hub: a repeater that looks at nothing. Whatever comes in leaves on every other port. */
import { DropReason } from '../netfilter/drop-reason.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { Port, type PortSettings } from './port.ts';
import { Action, VirtualSwitch, type SwitchEnv, type TableEntry } from './switch.ts';

export interface HubConfig {
  readonly model: 'hub';
  readonly name: string;
  readonly ports: readonly PortSettings[];
}

export class Hub extends VirtualSwitch {
  readonly model = 'hub';

  constructor(config: HubConfig, env: SwitchEnv) {
    super(
      config.name,
      config.ports.map((settings, index) => new Port(index, settings)),
      env,
    );
  }

  receive(index: number, pkt: PacketBuffer): void {
    const from = this.ports[index]!;
    if (!this.admit(from, pkt)) return;
    for (const port of this.ports) {
      if (port === from || !this.fits(port, pkt.end - pkt.start)) continue;
      this.emit(port, pkt.bytes, pkt.start, pkt.end, pkt.cause);
    }
    if (this.copies === 0) this.refuse(from, pkt, DropReason.SWITCH_NOBODY);
    else this.action = Action.FLOODED;
  }

  table(): TableEntry[] {
    return [];
  }
}
