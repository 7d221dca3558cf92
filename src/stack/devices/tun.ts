/**
 * TUN and TAP devices in the process (Linux: drivers/net/tun.c): what the host sends by them is handed to whoever holds the other
 * end, and what he writes arrives at the host; packets of IP by a TUN, Ethernet frames by a TAP. As a stream of Node's or
 * the web's: tun-streams.ts.
 */
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Device, DeviceKind } from '../device.ts';
import type { Host } from '../host.ts';
import { HEAD_ROOM } from '../packet-pool.ts';

export type TunMode = 'tun' | 'tap';

export class TunLink implements DeviceKind {
  readonly name = 'tun';
  readonly mode: TunMode;
  /** Takes what the host sends: a packet or frame of its own memory. Without anybody it is dropped, as without a reader. */
  onPacket: ((bytes: Uint8Array) => void) | null = null;
  private readonly host: Host;
  private device: Device | undefined;

  constructor(host: Host, mode: TunMode) {
    this.host = host;
    this.mode = mode;
  }

  attach(device: Device): void {
    this.device = device;
  }

  frame(device: Device, bytes: Uint8Array, start: number, end: number): void {
    if (this.onPacket === null) device.txDropped++;
    else this.onPacket(bytes.slice(start, end));
  }

  /** A packet (TUN) or frame (TAP) for the host. The bytes are copied. */
  write(bytes: Uint8Array): void {
    const memory = new Uint8Array(HEAD_ROOM + bytes.length);
    memory.set(bytes, HEAD_ROOM);
    this.host.receive(this.device!, new PacketBuffer(memory, HEAD_ROOM));
  }

  describe(): string {
    return `tun type ${this.mode} pi off vnet_hdr off persist on`;
  }

  linkText(): string {
    return 'link/none ';
  }
}

/** The other end of a TUN or TAP device of the host; undefined when there is none of that name. */
export function openTun(host: Host, name: string): TunLink | undefined {
  const kind = host.devices.named(name)?.kind;
  return kind instanceof TunLink ? kind : undefined;
}
