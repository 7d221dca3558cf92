/**
 * A switch port: what every model has. Models add their own fields in classes of their own (learning/bridge-port.ts …).
 */
import { readI32, readU16 } from '../wire/bytes.ts';

/** What a port of any model may be told. */
export interface PortSettings {
  readonly name: string;
  /** The address of the port itself, where it has one (a Linux bridge's ports do). */
  readonly mac: Uint8Array | null;
  /** Bytes of the IP datagram that one frame takes. */
  readonly mtu: number;
  readonly up: boolean;
}

export class Port {
  readonly name: string;
  /** Its place in the switch's list, from 0. */
  readonly index: number;
  readonly mac: Uint8Array | null;
  /** The address as two integers (ethernet.dstHigh, dstLow); -1 and 0 without one. */
  readonly macHigh: number;
  readonly macLow: number;
  mtu: number;
  up: boolean;
  rxFrames: number;
  rxBytes: number;
  /** Frames that came in here and of which nothing left. */
  rxDropped: number;
  txFrames: number;
  txBytes: number;
  /** Copies that were to leave here and did not (too long, over the bandwidth). */
  txDropped: number;

  constructor(index: number, { name, mac, mtu, up }: PortSettings) {
    this.name = name;
    this.index = index;
    this.mac = mac;
    this.macHigh = mac === null ? -1 : readU16(mac, 0);
    this.macLow = mac === null ? 0 : readI32(mac, 2);
    this.mtu = mtu;
    this.up = up;
    this.rxFrames = 0;
    this.rxBytes = 0;
    this.rxDropped = 0;
    this.txFrames = 0;
    this.txBytes = 0;
    this.txDropped = 0;
  }
}
