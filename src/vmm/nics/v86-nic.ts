/**
 * A guest of v86 in this process: its network adapter's bus. Give the emulator a network device and no relay:
 *
 *     const emulator = new V86({ …, net_device: { type: 'virtio' } });
 *     const network = new GuestNetwork({ guests: [{ name: 'web', nic: new V86Nic(emulator) }], … });
 */
import type { Nic, NicEvents } from './nic.ts';

/** What is used of a V86. */
export interface V86Bus {
  readonly bus: { send(event: 'net0-receive', frame: Uint8Array): void };
  add_listener(event: 'net0-send', listener: (frame: Uint8Array) => void): void;
  remove_listener(event: 'net0-send', listener: (frame: Uint8Array) => void): void;
}

export class V86Nic implements Nic {
  readonly name = 'v86';
  private readonly emulator: V86Bus;
  private listener: ((frame: Uint8Array) => void) | null = null;

  constructor(emulator: V86Bus) {
    this.emulator = emulator;
  }

  start(events: NicEvents): void {
    this.listener = (frame) => events.frame(frame, 0, frame.length);
    this.emulator.add_listener('net0-send', this.listener);
    events.link(true);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    this.emulator.bus.send('net0-receive', bytes.slice(start, end));
    return true;
  }

  async close(): Promise<void> {
    if (this.listener !== null) this.emulator.remove_listener('net0-send', this.listener);
    this.listener = null;
  }
}
