/**
 * Devices: a host's interfaces, as the stack sees them, and the table of all of one host.
 *
 * A device is where frames leave: `transmit` hands them to the sink that the host's owner gave (a capture file, a
 * switch port, the other end of a link). Frames that arrive are given to `Host.receive` with the device named.
 */
import { readI32, readU16 } from '../wire/bytes.ts';
import { SluiceError } from '../base/errors.ts';

/** Takes the frames that a host sends. The bytes are lent for the length of the call. */
export interface FrameSink {
  /** @param cause - number of the input packet that caused the frame, 0 for none (PacketBuffer.cause) */
  frame(device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void;
}

/** The loopback device exists in every host and is the first, as in Linux. */
export const LOOPBACK_INDEX = 1;
export const LOOPBACK_NAME = 'lo';
const LOOPBACK_MTU = 65536;

export class Device {
  readonly name: string;
  /** From 1 up, in the order of the configuration. */
  readonly index: number;
  readonly mac: Uint8Array;
  /** The same six bytes as two integers, for one comparison each (ethernet.dstHigh, dstLow). */
  readonly macHigh: number;
  readonly macLow: number;
  /** Bytes of the IP datagram that one frame takes. */
  mtu: number;
  up: boolean;
  readonly isLoopback: boolean;
  rxPackets: number;
  rxBytes: number;
  rxDropped: number;
  txPackets: number;
  txBytes: number;
  private readonly sink: FrameSink;

  constructor(name: string, index: number, mac: Uint8Array, mtu: number, sink: FrameSink) {
    this.name = name;
    this.index = index;
    this.mac = mac;
    this.macHigh = readU16(mac, 0);
    this.macLow = readI32(mac, 2);
    this.mtu = mtu;
    this.up = true;
    this.isLoopback = index === LOOPBACK_INDEX;
    this.rxPackets = 0;
    this.rxBytes = 0;
    this.rxDropped = 0;
    this.txPackets = 0;
    this.txBytes = 0;
    this.sink = sink;
  }

  transmit(bytes: Uint8Array, start: number, end: number, cause: number): void {
    if (!this.up) return;
    this.txPackets++;
    this.txBytes += end - start;
    this.sink.frame(this, bytes, start, end, cause);
  }
}

/** All devices of a host, by index and by name. */
export class DeviceTable {
  /** By index; entry 0 is never used, so that 0 can mean none. */
  private readonly byIndex: (Device | undefined)[] = [undefined];
  private readonly byName = new Map<string, Device>();
  private readonly sink: FrameSink;
  /** Grows whenever a device comes. */
  generation = 0;

  constructor(sink: FrameSink) {
    this.sink = sink;
    this.add(LOOPBACK_NAME, new Uint8Array(6), LOOPBACK_MTU);
  }

  add(name: string, mac: Uint8Array | undefined, mtu: number): Device {
    if (this.byName.has(name)) throw new SluiceError('INTERFACE_EXISTS', `interface ${name} exists already`);
    const index = this.byIndex.length;
    const device = new Device(name, index, mac ?? defaultMac(index), mtu, this.sink);
    this.byIndex.push(device);
    this.byName.set(name, device);
    this.generation++;
    return device;
  }

  at(index: number): Device | undefined {
    return this.byIndex[index];
  }

  named(name: string): Device | undefined {
    return this.byName.get(name);
  }

  all(): IterableIterator<Device> {
    return this.byName.values();
  }
}

/** A locally administered address for an interface whose configuration names none. */
function defaultMac(index: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, index >>> 8, index);
}
