/**
 * IPv6 packets that leave: POSTROUTING, the refragmentation of what was put together, the next hop (Linux: ip6_output);
 * and those that the host sends itself (ip6_local_out).
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import { writeU16, writeU32 } from '../wire/bytes.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { lengthOnTheWay, type PacketBuffer } from '../wire/packet-buffer.ts';
import { copyHome, isForHome6 } from './copy-home.ts';
import type { Device } from './device.ts';
import { fragment6 } from './fragment-out6.ts';
import type { Host } from './host.ts';

/** Bits of a flow label. */
const FLOW_LABEL_MASK = 0xfffff;

export function output6(host: Host, pkt: PacketBuffer, device: Device): void {
  if (host.hook(Hook.POSTROUTING, pkt)) finish6(host, pkt, device);
}

/** ip6_finish_output. */
function finish6(host: Host, pkt: PacketBuffer, device: Device): void {
  host.pathMtus.bind(pkt, 6);
  const length = lengthOnTheWay(pkt);
  if (length > pkt.routeMtu || (pkt.fragMaxSize !== 0 && length > pkt.fragMaxSize)) {
    return fragment6(host, pkt, device);
  }
  host.neighbours6.output(pkt, device);
}

/**
 * ip6_local_out: a packet of the host's own, whole, routed and dissected. What belongs to a link from the beginning
 * (`link`: neighbour discovery, copies that TEE made) is to POSTROUTING as if it had come in there. `comesHome`: what is for
 * this host as well comes to it, whole also where Linux brings it in the pieces that leave.
 */
export function sendLocal6(host: Host, pkt: PacketBuffer, link = 0, comesHome = true): void {
  if (!host.hook(Hook.OUTPUT, pkt)) return;
  pkt.iif = link;
  const device = host.devices.at(pkt.oif);
  if (device === undefined) return host.drop(pkt, DropReason.NO_ROUTE);
  if (!host.hook(Hook.POSTROUTING, pkt)) return;
  if (comesHome && isForHome6(host, pkt, device)) copyHome(host, pkt, device);
  finish6(host, pkt, device);
}

/** Writes the fixed header of an own packet at `pkt.l3`; addresses are the packet's fields. */
export function writeHeader6(
  pkt: PacketBuffer,
  trafficClass: number,
  flowLabel: number,
  nextHeader: number,
  hopLimit: number,
): void {
  const { bytes, l3 } = pkt;
  writeU32(bytes, l3, 0x60000000 | ((trafficClass & 0xff) << 20) | (flowLabel & FLOW_LABEL_MASK));
  writeU16(bytes, l3 + 4, pkt.l3End - l3 - ipv6.HEADER_LENGTH);
  bytes[l3 + 6] = nextHeader;
  bytes[l3 + 7] = hopLimit;
  ipv6.writeAddress(bytes, l3 + ipv6.SRC_AT, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
  ipv6.writeAddress(bytes, l3 + ipv6.DST_AT, pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
}

/** The kernel's is a hash under a secret key; chance is as good to everybody who has not got the key. */
export function ownFlowLabel(host: Host): number {
  return host.sysctls.get('net.ipv6.auto_flowlabels') === 0 ? 0 : host.rng.u32() & FLOW_LABEL_MASK;
}
