/**
 * A link between two ends, each way with properties of its own, and taps that see what is put on it. What stands at an end
 * is a host's device, a switch port, anything that takes frames.
 *
 *     const plugs = new Plugs();
 *     const host = Host.fromObject(config, { clock, rng, sink: plugs });
 *     const end = { host, device: host.devices.named('eth0')!, plugs };
 *     const link = connectDevices(clock, rng, end, otherEnd, parseNetem('delay 20ms loss 1%'));
 */
import type { Clock } from '../../base/clock.ts';
import type { Rng } from '../../base/rng.ts';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Device, FrameSink } from '../device.ts';
import { ImpairedQueue, type QueueCounters } from './impaired-queue.ts';
import { NO_IMPAIRMENT, type Netem } from './netem.ts';

/** Takes frames that have crossed; the bytes are lent for the length of the call and may be rewritten. */
export type FrameTaker = (bytes: Uint8Array, start: number, end: number) => void;

/** Sees every frame when it is put on the link, lost or not. `fromA`: on its way to B. */
export type LinkTap = (time: number, fromA: boolean, bytes: Uint8Array, start: number, end: number) => void;

export class Link {
  private readonly clock: Clock;
  private readonly aToB: ImpairedQueue;
  private readonly bToA: ImpairedQueue;
  private readonly taps: LinkTap[] = [];
  /** False while it is unplugged: everything that is sent is lost. */
  isUp = true;

  constructor(
    clock: Clock,
    rng: Rng,
    toA: FrameTaker,
    toB: FrameTaker,
    netem: Netem = NO_IMPAIRMENT,
    back = netem,
  ) {
    this.clock = clock;
    this.aToB = new ImpairedQueue(clock, rng, netem, toB);
    this.bToA = new ImpairedQueue(clock, rng, back, toA);
  }

  /** From the next frame on; without `back` both ways alike. */
  setNetem(netem: Partial<Netem>, back: Partial<Netem> = netem): void {
    this.aToB.set(netem);
    this.bToA.set(back);
  }

  tap(tap: LinkTap): void {
    this.taps.push(tap);
  }

  sendFromA(bytes: Uint8Array, start: number, end: number): void {
    for (const tap of this.taps) tap(this.clock.now, true, bytes, start, end);
    if (this.isUp) this.aToB.send(bytes, start, end);
  }

  sendFromB(bytes: Uint8Array, start: number, end: number): void {
    for (const tap of this.taps) tap(this.clock.now, false, bytes, start, end);
    if (this.isUp) this.bToA.send(bytes, start, end);
  }

  get counters(): { readonly aToB: QueueCounters; readonly bToA: QueueCounters } {
    return { aToB: this.aToB.counters, bToA: this.bToA.counters };
  }
}

/** What a host does with a frame that arrives. */
interface Receiver {
  receive(device: Device, pkt: PacketBuffer): void;
}

/** Gives frames to a device of a host. */
export function intoDevice(host: Receiver, device: Device): FrameTaker {
  const pkt = new PacketBuffer();
  return (bytes, start, end) => {
    pkt.reset(bytes, start, end);
    host.receive(device, pkt);
  };
}

/** The sink of a host whose devices are plugged into links: frames of a device without one are lost. */
export class Plugs implements FrameSink {
  private readonly byIndex: (FrameTaker | undefined)[] = [];

  plug(device: Device, taker: FrameTaker): void {
    this.byIndex[device.index] = taker;
  }

  unplug(device: Device): void {
    this.byIndex[device.index] = undefined;
  }

  frame(device: Device, bytes: Uint8Array, start: number, end: number): void {
    this.byIndex[device.index]?.(bytes, start, end);
  }
}

/** One end of a link between hosts. */
export interface End {
  readonly host: Receiver;
  readonly device: Device;
  readonly plugs: Plugs;
}

export function connectDevices(clock: Clock, rng: Rng, a: End, b: End, netem?: Netem, back?: Netem): Link {
  const link = new Link(clock, rng, intoDevice(a.host, a.device), intoDevice(b.host, b.device), netem, back);
  a.plugs.plug(a.device, (bytes, start, end) => link.sendFromA(bytes, start, end));
  b.plugs.plug(b.device, (bytes, start, end) => link.sendFromB(bytes, start, end));
  return link;
}
