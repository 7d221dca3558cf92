/**
 * Devices: a host's interfaces, as the stack sees them, and the table of all of one host.
 *
 * A device is where frames leave: `transmit` hands them to the sink that the host's owner gave (a capture file, a
 * switch port, the other end of a link). Frames that arrive are given to `Host.receive` with the device named.
 */
import { readI32, readU16 } from '../wire/bytes.ts';
import { SluiceError } from '../base/errors.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';

/** Takes the frames that a host sends. The bytes are lent for the length of the call. */
export interface FrameSink {
  /** @param cause - number of the input packet that caused the frame, 0 for none (PacketBuffer.cause) */
  frame(device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void;
}

/** Sees a frame that arrived, before anything was done to it, or that leaves. The bytes are lent for the length of the call. */
export type FrameTap = (bytes: Uint8Array, start: number, end: number, isOut: boolean) => void;

/** The loopback device exists in every host and is the first, as in Linux. */
export const LOOPBACK_INDEX = 1;
export const LOOPBACK_NAME = 'lo';
const LOOPBACK_MTU = 65536;

/** How a device that is made of others sends (devices/): what it does with a frame, and what it says of itself. */
export interface DeviceKind extends FrameSink {
  /** As `ip -d link show` names it: vlan, bridge, bond … */
  readonly name: string;
  /** The device below, `eth0` of `eth0.5@eth0`. */
  readonly lower?: Device | undefined;
  /** What `ip -d link show` says of it, behind its name: `vlan protocol 802.1Q id 5`. */
  describe?(): string;
  /** Of a device without Ethernet: `link/gre 10.0.0.1 peer 10.0.0.2`. */
  linkText?(): string;
  /** Takes a device as a member: a bridge's port, a bond's slave. Throws a SluiceError. */
  enslave?(device: Device): void;
  release?(device: Device): void;
  /** The device goes away. */
  remove?(): void;
}

/** Takes the frames that arrive at a device before its host sees them (Linux: rx_handler). */
export interface FrameTaker {
  /** The device that this one belongs to: its bridge or bond. */
  readonly master: Device;
  /** True when the frame was taken. */
  take(device: Device, pkt: PacketBuffer): boolean;
  /** A device that it takes from went up or down. */
  linkChanged?(): void;
}

export class Device {
  name: string;
  /** From 1 up, in the order of the configuration. */
  readonly index: number;
  mac: Uint8Array;
  /** The same six bytes as two integers, for one comparison each (ethernet.dstHigh, dstLow). */
  macHigh: number;
  macLow: number;
  /** Bytes of the IP datagram that one frame takes. */
  mtu: number;
  up: boolean;
  hasBeenUp: boolean;
  readonly isLoopback: boolean;
  /** False for tunnels of IP: their frames are packets. */
  readonly hasEthernet: boolean;
  readonly kind: DeviceKind | null;
  /** VLAN devices on this one, by VLAN id; null while there are none. */
  vlans: Map<number, Device> | null;
  taker: FrameTaker | null;
  rxPackets: number;
  rxBytes: number;
  rxDropped: number;
  rxErrors: number;
  rxMulticast: number;
  txPackets: number;
  txBytes: number;
  txDropped: number;
  txErrors: number;
  group: number;
  /** Sees every frame; null while nobody watches (Linux: packet sockets). */
  tap: FrameTap | null;
  private taps: Set<FrameTap> | null;
  private readonly sink: FrameSink;

  constructor(
    name: string,
    index: number,
    mac: Uint8Array,
    mtu: number,
    sink: FrameSink,
    kind: DeviceKind | null,
    hasEthernet: boolean,
  ) {
    this.name = name;
    this.index = index;
    this.mac = mac;
    this.macHigh = readU16(mac, 0);
    this.macLow = readI32(mac, 2);
    this.mtu = mtu;
    this.up = true;
    this.hasBeenUp = true;
    this.isLoopback = index === LOOPBACK_INDEX;
    this.hasEthernet = hasEthernet;
    this.kind = kind;
    this.vlans = null;
    this.taker = null;
    this.rxPackets = 0;
    this.rxBytes = 0;
    this.rxDropped = 0;
    this.rxErrors = 0;
    this.rxMulticast = 0;
    this.txPackets = 0;
    this.txBytes = 0;
    this.txDropped = 0;
    this.txErrors = 0;
    this.group = 0;
    this.tap = null;
    this.taps = null;
    this.sink = sink;
  }

  setMac(mac: Uint8Array): void {
    this.mac = mac;
    this.macHigh = readU16(mac, 0);
    this.macLow = readI32(mac, 2);
  }

  transmit(bytes: Uint8Array, start: number, end: number, cause: number): void {
    if (!this.up) return;
    this.txPackets++;
    this.txBytes += end - start;
    // On the loopback device each frame is seen once: as it arrives.
    if (this.tap !== null && !this.isLoopback) this.tap(bytes, start, end, true);
    this.sink.frame(this, bytes, start, end, cause);
  }

  /** Lets somebody see every frame from now on; returns what ends it. */
  watch(tap: FrameTap): () => void {
    const taps = (this.taps ??= new Set());
    taps.add(tap);
    this.tap = (bytes, start, end, isOut) => {
      for (const one of [...taps]) one(bytes, start, end, isOut);
    };
    return () => {
      taps.delete(tap);
      if (taps.size === 0) this.tap = this.taps = null;
    };
  }
}

/** All devices of a host, by index and by name. */

export class DeviceTable {
  /** By index; entry 0 is never used, so that 0 can mean none. */
  private readonly byIndex: (Device | undefined)[] = [undefined];
  private readonly byName = new Map<string, Device>();
  private readonly sink: FrameSink;
  /** Grows whenever a device comes, goes or is renamed. */
  generation = 0;
  /** Whoever gives a host its cables: told of every device that comes. */
  onAdd: ((device: Device) => void) | null = null;

  constructor(sink: FrameSink) {
    this.sink = sink;
    this.add(LOOPBACK_NAME, new Uint8Array(6), LOOPBACK_MTU);
  }

  /** @param kind - of a device that is made of others; the wire's own have none */
  add(
    name: string,
    mac: Uint8Array | undefined,
    mtu: number,
    kind: DeviceKind | null = null,
    hasEthernet = true,
  ): Device {
    if (this.byName.has(name)) throw new SluiceError('INTERFACE_EXISTS', `interface ${name} exists already`);
    const index = this.byIndex.length;
    const address = mac ?? (hasEthernet ? defaultMac(index) : new Uint8Array(6));
    const device = new Device(name, index, address, mtu, kind ?? this.sink, kind, hasEthernet);
    this.byIndex.push(device);
    this.byName.set(name, device);
    this.generation++;
    this.onAdd?.(device);
    return device;
  }

  /** Its index is not given to another. */
  remove(device: Device): void {
    device.up = false;
    this.byIndex[device.index] = undefined;
    this.byName.delete(device.name);
    this.generation++;
  }

  rename(device: Device, name: string): void {
    this.byName.delete(device.name);
    device.name = name;
    this.byName.set(name, device);
    this.generation++;
  }

  get loopback(): Device {
    return this.byIndex[LOOPBACK_INDEX]!;
  }

  at(index: number): Device | undefined {
    return this.byIndex[index];
  }

  named(name: string): Device | undefined {
    return this.byName.get(name);
  }

  /** In the order of their indices. */
  all(): Device[] {
    return this.byIndex.filter((device) => device !== undefined);
  }
}

/** A locally administered address for an interface whose configuration names none. */
function defaultMac(index: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, index >>> 8, index);
}
