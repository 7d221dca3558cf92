/**
 * What the host sends to many comes to itself, too, where it is one of them: broadcasts, and groups that it is in. The copy
 * passes POSTROUTING by itself and then arrives, whole and routed already, on the device that the packet leaves by (Linux:
 * ip_mc_output, ip6_finish_output2, dev_loopback_xmit).
 */
import { AddressType } from '../netfilter/host-services.ts';
import { Hook } from '../netfilter/hook.ts';
import { ChecksumState, PacketType, type PacketBuffer } from '../wire/packet-buffer.ts';
import { copyPacket } from './copy-packet.ts';
import { LOOPBACK_INDEX, type Device } from './device.ts';
import type { Host } from './host.ts';
import { isAllHosts4 } from './route4.ts';

export function isForHome4(host: Host, pkt: PacketBuffer, device: Device): boolean {
  const { dst0 } = pkt;
  // What goes to a gateway goes to one.
  if (device.isLoopback || pkt.via0 !== dst0) return false;
  switch (host.addressType(4, dst0, 0, 0, 0, 0)) {
    case AddressType.BROADCAST:
      return true;
    case AddressType.MULTICAST:
      return isAllHosts4(dst0) || host.isGroupMember(device, 4, dst0, 0, 0, 0);
    default:
      return false;
  }
}

export function isForHome6(host: Host, pkt: PacketBuffer, device: Device): boolean {
  const { dst0, dst1, dst2, dst3 } = pkt;
  return dst0 >>> 24 === 0xff && !device.isLoopback && host.isGroupMember(device, 6, dst0, dst1, dst2, dst3);
}

export function copyHome(host: Host, pkt: PacketBuffer, device: Device): void {
  const copy = copyPacket(pkt);
  if (!host.hook(Hook.POSTROUTING, copy)) return;
  copy.iif = device.index;
  copy.oif = LOOPBACK_INDEX;
  copy.packetType = PacketType.LOOPBACK;
  copy.checksumState = ChecksumState.SETTLED;
  host.comeHome(copy);
}
