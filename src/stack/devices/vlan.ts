/**
 * VLAN sub-interfaces (IEEE 802.1Q and 802.1ad; Linux: net/8021q): a device for each VLAN id on another one, which may be a
 * VLAN device itself (QinQ). The tag is put before what leaves, and taken off what arrives.
 */
import { writeU16 } from '../../wire/bytes.ts';
import { dissectEthernet } from '../../wire/dissect.ts';
import { ETH_P_8021AD } from '../../wire/ether-type.ts';
import * as ethernet from '../../wire/ethernet.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as vlan from '../../wire/vlan.ts';
import { readU16 } from '../../wire/bytes.ts';
import type { Device, DeviceKind } from '../device.ts';
import type { Host } from '../host.ts';
import { NetlinkError } from '../rtnetlink/errors.ts';

export interface VlanOptions {
  readonly id: number;
  readonly protocol: number;
}

/** Of tag protocol and VLAN id. */
function keyOf(protocol: number, id: number): number {
  return (protocol << 12) | id;
}

export class VlanLink implements DeviceKind {
  readonly name = 'vlan';
  readonly lower: Device;
  private readonly options: VlanOptions;
  private frameBuffer = new Uint8Array(2048);

  constructor(lower: Device, options: VlanOptions) {
    this.lower = lower;
    this.options = options;
    if (!lower.hasEthernet || lower.isLoopback)
      throw new NetlinkError('EOPNOTSUPP', 'VLANs not supported on device.');
    if (lower.vlans?.has(keyOf(options.protocol, options.id)) === true) throw new NetlinkError('EEXIST');
  }

  /** The device that was made with this. */
  attach(device: Device): void {
    this.lower.vlans ??= new Map();
    this.lower.vlans.set(keyOf(this.options.protocol, this.options.id), device);
  }

  frame(_device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void {
    const length = end - start + vlan.TAG_LENGTH;
    if (length > this.frameBuffer.length) this.frameBuffer = new Uint8Array(2 * length);
    const tagged = this.frameBuffer;
    const addresses = 2 * ethernet.ADDRESS_LENGTH;
    tagged.set(bytes.subarray(start, start + addresses), 0);
    writeU16(tagged, addresses, this.options.protocol);
    writeU16(tagged, addresses + 2, this.options.id);
    tagged.set(bytes.subarray(start + addresses, end), addresses + vlan.TAG_LENGTH);
    this.lower.transmit(tagged, 0, length, cause);
  }

  describe(): string {
    const protocol = this.options.protocol === ETH_P_8021AD ? '802.1ad' : '802.1Q';
    return `vlan protocol ${protocol} id ${this.options.id} <REORDER_HDR>`;
  }

  remove(): void {
    this.lower.vlans?.delete(keyOf(this.options.protocol, this.options.id));
  }
}

/** The device that is for a frame's outer tag. */
export function vlanDeviceOf(device: Device, bytes: Uint8Array, start: number): Device | undefined {
  const at = start + ethernet.HEADER_LENGTH;
  const protocol = readU16(bytes, at - 2);
  if (device.vlans === null || !vlan.isTag(protocol)) return undefined;
  return device.vlans.get(keyOf(protocol, vlan.vid(vlan.tci(bytes, at))));
}

/** A tagged frame arrived at `device`. False when none of its VLAN devices is for it. */
export function receiveTagged(host: Host, device: Device, pkt: PacketBuffer): boolean {
  const upper = vlanDeviceOf(device, pkt.bytes, pkt.start);
  if (upper === undefined) return false;
  pkt.start = vlan.pop(pkt.bytes, pkt.start);
  dissectEthernet(pkt);
  host.receiveWithin(upper, pkt);
  return true;
}
