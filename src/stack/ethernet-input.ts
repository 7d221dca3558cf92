/**
 * Frames that arrive (Linux: eth_type_trans, __netif_receive_skb): for whom they are, which protocol they carry. A tag
 * with a VLAN id is for a VLAN device of that id (devices/vlan.ts), a priority tag (id 0) is looked through. Bridges and
 * bonds take the frames of their members.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from '../wire/ether-type.ts';
import * as ethernet from '../wire/ethernet.ts';
import { PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as vlan from '../wire/vlan.ts';
import type { WireStatus } from '../wire/wire-status.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { receiveTagged } from './devices/vlan.ts';
import { receive4 } from './ip4-input.ts';
import { receive6 } from './ip6-input.ts';

export function receiveEthernet(host: Host, device: Device, pkt: PacketBuffer, status: WireStatus): void {
  const { bytes, start } = pkt;
  const length = pkt.end - start;
  device.rxPackets++;
  device.rxBytes += length;
  if (device.tap !== null) device.tap(bytes, start, pkt.end, false);
  if (length < ethernet.HEADER_LENGTH) return refuse(host, device, pkt, DropReason.FRAME_TOO_SHORT);
  if (!device.up) return refuse(host, device, pkt, DropReason.INTERFACE_DOWN);
  // A tag's four bytes are always allowed for, tagged or not; segments yet to be cut always pass (is_skb_forwardable), and
  // what a bridge of the host's own hands up, which may have been put together there.
  if (
    length > device.mtu + ethernet.HEADER_LENGTH + vlan.TAG_LENGTH &&
    pkt.gsoSize === 0 &&
    pkt.physIn === 0
  ) {
    return refuse(host, device, pkt, DropReason.FRAME_TOO_LONG);
  }
  pkt.packetType = packetType(bytes, start, device);
  if (pkt.packetType === PacketType.MULTICAST) device.rxMulticast++;
  if (device.vlans !== null && pkt.vlanTci !== -1 && receiveTagged(host, device, pkt)) return;
  if (device.taker !== null && device.taker.take(device, pkt)) return;
  if (pkt.vlanTci !== -1 && !onlyPriorityTags(pkt)) return refuse(host, device, pkt, DropReason.VLAN_UNKNOWN);
  switch (pkt.etherType) {
    case ETH_P_IP:
      return receive4(host, pkt, device, status);
    case ETH_P_IPV6:
      return receive6(host, pkt, device, status);
    case ETH_P_ARP:
      return host.arp.receive(pkt, device);
    default:
      return refuse(host, device, pkt, DropReason.UNKNOWN_ETHERTYPE);
  }
}

/** At a device without Ethernet: a packet of IP. */
export function receivePacket(host: Host, device: Device, pkt: PacketBuffer): void {
  device.rxPackets++;
  device.rxBytes += pkt.end - pkt.start;
  if (device.tap !== null) device.tap(pkt.bytes, pkt.start, pkt.end, false);
  if (!device.up) return refuse(host, device, pkt, DropReason.INTERFACE_DOWN);
  pkt.l3 = pkt.start;
  pkt.packetType = PacketType.HOST;
  const status = dissectNetwork(pkt, 0);
  if (pkt.etherType === ETH_P_IPV6) receive6(host, pkt, device, status);
  else receive4(host, pkt, device, status);
}

/** For whom a frame is that came in by a device. */
export function packetType(bytes: Uint8Array, start: number, device: Device): number {
  if (ethernet.dstLow(bytes, start) === device.macLow && ethernet.dstHigh(bytes, start) === device.macHigh) {
    return PacketType.HOST;
  }
  if (!ethernet.isMulticast(bytes, start)) return PacketType.OTHERHOST;
  return ethernet.isBroadcast(bytes, start) ? PacketType.BROADCAST : PacketType.MULTICAST;
}

function onlyPriorityTags(pkt: PacketBuffer): boolean {
  for (let at = pkt.start + ethernet.HEADER_LENGTH; at + vlan.TAG_LENGTH <= pkt.l3; at += vlan.TAG_LENGTH) {
    if (vlan.vid(vlan.tci(pkt.bytes, at)) !== vlan.VID_NONE) return false;
  }
  // More tags than are followed: nothing below them is looked at.
  return !vlan.isTag(pkt.etherType);
}

function refuse(host: Host, device: Device, pkt: PacketBuffer, reason: number): void {
  device.rxDropped++;
  host.drop(pkt, reason);
}
