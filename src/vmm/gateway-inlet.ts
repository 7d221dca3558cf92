/**
 * Where frames enter the gateway: each in memory of its own, since the gateway may rewrite it and put a longer header before it;
 * and one after the other, once the switch that brings them is done. So what the gateway answers finds the switch idle, and goes
 * through it without a copy (a copy of each answer had the collector take a quarter of the time; bench guest).
 */
import { HEAD_ROOM } from '../stack/host.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { MAX_FRAME_BYTES } from './nics/frame-stream.ts';

/** Frames that wait; more than one frame of a guest can cause is somebody's loop. */
const MAX_WAITING = 1024;

export class GatewayInlet {
  /** What the gateway is at, or was at last. */
  readonly pkt = new PacketBuffer();
  private readonly take: () => void;
  private readonly room = new Uint8Array(HEAD_ROOM + MAX_FRAME_BYTES);
  /** Of the frame in the room; 0 for none. */
  private length = 0;
  /** What a guest said while the gateway spoke to it. */
  private readonly waiting: Uint8Array[] = [];
  private isBusy = false;

  /** @param take - lets the gateway have `pkt` */
  constructor(take: () => void) {
    this.take = take;
  }

  /** Keeps a frame until `drain`. */
  put(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > MAX_FRAME_BYTES) return;
    if (!this.isBusy && this.length === 0) this.enter(bytes, start, end);
    else if (this.waiting.length < MAX_WAITING) this.waiting.push(bytes.slice(start, end));
  }

  drain(): void {
    if (this.isBusy) return;
    this.isBusy = true;
    while (this.length > 0) {
      this.pkt.reset(this.room, HEAD_ROOM, HEAD_ROOM + this.length);
      this.take();
      this.length = 0;
      const next = this.waiting.shift();
      if (next !== undefined) this.enter(next, 0, next.length);
    }
    this.isBusy = false;
  }

  private enter(bytes: Uint8Array, start: number, end: number): void {
    this.room.set(bytes.subarray(start, end), HEAD_ROOM);
    this.length = end - start;
  }
}
