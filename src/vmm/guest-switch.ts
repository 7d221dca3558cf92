/**
 * The switch that guests are plugged into, with its ports joined to NICs and to the gateway. A switch does one frame after
 * the other: what comes back while it is at work (the gateway's answer) waits until it is done.
 */
import type { Rng } from '../base/rng.ts';
import type { Clock } from '../base/clock.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { makeSwitch, type SwitchConfig, type VirtualSwitch } from '../vswitch/index.ts';

/** Frames that wait; more than one frame of a guest can cause is somebody's loop. */
const MAX_WAITING = 1024;

/** Takes what leaves by a port. The bytes are lent for the call, and must not be changed. */
export type PortSink = (bytes: Uint8Array, start: number, end: number) => void;

interface Waiting {
  readonly port: number;
  readonly bytes: Uint8Array;
}

export class GuestSwitch {
  readonly switch: VirtualSwitch;
  private readonly sinks: (PortSink | null)[];
  private readonly pkt = new PacketBuffer();
  private readonly waiting: Waiting[] = [];
  private isBusy = false;

  constructor(config: SwitchConfig, clock: Clock, rng: Rng) {
    this.switch = makeSwitch(config, {
      clock,
      rng,
      sink: { frame: (port, bytes, start, end) => this.sinks[port.index]?.(bytes, start, end) },
    });
    this.sinks = this.switch.ports.map(() => null);
  }

  plug(port: number, sink: PortSink): void {
    this.sinks[port] = sink;
  }

  /** A frame comes in by a port. */
  receive(port: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.isBusy) {
      if (this.waiting.length < MAX_WAITING) this.waiting.push({ port, bytes: bytes.slice(start, end) });
      return;
    }
    this.isBusy = true;
    this.take(port, bytes, start, end);
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      this.take(next.port, next.bytes, 0, next.bytes.length);
    }
    this.isBusy = false;
  }

  private take(port: number, bytes: Uint8Array, start: number, end: number): void {
    this.pkt.reset(bytes, start, end);
    this.switch.receive(port, this.pkt);
  }
}
