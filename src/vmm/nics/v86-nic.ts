/**
 * A guest of v86 in this process, in Node or in a browser: its network adapter's bus. Give the emulator a network device and
 * no relay:
 *
 *     const emulator = new V86({ …, net_device: { type: 'virtio' } });
 *     const network = await createNetwork({ guests: { linux: new V86Nic(emulator) } });
 *
 * A guest that is started anew is another emulator: `nic.attach(it)`.
 */
import type { Nic, NicEvents } from './nic.ts';

/** What is used of a V86, as far as its types say so. */
export interface V86Like {
  add_listener(event: 'net0-send', listener: (frame: Uint8Array) => void): void;
  remove_listener(event: 'net0-send', listener: (frame: Uint8Array) => void): void;
}

/** And what they leave out. */
interface WithBus {
  readonly bus: { send(event: 'net0-receive', frame: Uint8Array): void };
}

export class V86Nic implements Nic {
  readonly name = 'v86';
  private emulator: (V86Like & WithBus) | null = null;
  private events: NicEvents | null = null;

  constructor(emulator?: V86Like) {
    if (emulator !== undefined) this.attach(emulator);
  }

  start(events: NicEvents): void {
    this.events = events;
    if (this.emulator !== null) events.link(true);
  }

  /** This emulator's card from now on, and no other's. */
  attach(emulator: V86Like): void {
    this.detach();
    this.emulator = emulator as V86Like & WithBus;
    emulator.add_listener('net0-send', this.send);
    this.events?.link(true);
  }

  /** The emulator is gone, or has no network. */
  detach(): void {
    if (this.emulator === null) return;
    this.emulator.remove_listener('net0-send', this.send);
    this.emulator = null;
    this.events?.link(false);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    this.emulator?.bus.send('net0-receive', bytes.slice(start, end));
    return this.emulator !== null;
  }

  async close(): Promise<void> {
    this.detach();
    this.events = null;
  }

  private readonly send = (frame: Uint8Array): void => this.events?.frame(frame, 0, frame.length);
}
