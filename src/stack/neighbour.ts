/**
 * One neighbour: somebody on a link, its Ethernet address, and how far that is believed (Linux: struct neighbour). What
 * becomes of it is neighbours.ts.
 */
import type { Timer } from '../base/clock.ts';
import type { Family } from '../netfilter/hook.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Device } from './device.ts';

/** Linux's NUD_*, as far as they differ in what is done. */
export const NeighbourState = {
  INCOMPLETE: 1,
  REACHABLE: 2,
  STALE: 3,
  DELAY: 4,
  PROBE: 5,
  FAILED: 6,
  /** The address follows from the IP address (multicast, broadcast) or from the configuration. */
  PERMANENT: 7,
} as const;
export type NeighbourState = (typeof NeighbourState)[keyof typeof NeighbourState];

export class Neighbour {
  readonly device: Device;
  readonly family: Family;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly mac: Uint8Array;
  state: NeighbourState;
  /** Questions asked since the state was entered. */
  probes: number;
  /** Until then a REACHABLE one is trusted. */
  reachableUntil: number;
  /** When the address last changed. */
  updatedAt: number;
  /** When it last answered. */
  confirmedAt: number;
  /** When a packet last went there or its address was last learnt; the oldest gives way to a new one. */
  usedAt: number;
  /** ND: the neighbour said that it is a router. */
  isRouter: boolean;
  /** PERMANENT because somebody said so, not because the address follows from the IP address. */
  isConfigured: boolean;
  queue: PacketBuffer[];
  queueBytes: number;
  timer: Timer | null;
  next: Neighbour | null;

  constructor(device: Device, family: Family, w0: number, w1: number, w2: number, w3: number, now: number) {
    this.device = device;
    this.family = family;
    this.w0 = w0;
    this.w1 = w1;
    this.w2 = w2;
    this.w3 = w3;
    this.mac = new Uint8Array(6);
    this.state = NeighbourState.INCOMPLETE;
    this.probes = 0;
    this.reachableUntil = 0;
    this.updatedAt = now;
    this.confirmedAt = now;
    this.usedAt = now;
    this.isRouter = false;
    this.isConfigured = false;
    this.queue = [];
    this.queueBytes = 0;
    this.timer = null;
    this.next = null;
  }
}
