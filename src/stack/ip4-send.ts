/**
 * IPv4 packets that leave: POSTROUTING, fragmentation where the way is too narrow, the next hop (Linux: ip_output); and
 * those that the host sends itself, which pass OUTPUT before (ip_local_out).
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { Hook } from '../netfilter/hook.ts';
import { writeU16, writeU32 } from '../wire/bytes.ts';
import * as ipv4 from '../wire/ipv4.ts';
import { lengthOnTheWay, type PacketBuffer } from '../wire/packet-buffer.ts';
import { copyHome, isForHome4 } from './copy-home.ts';
import type { Device } from './device.ts';
import { fragment4 } from './fragment-out4.ts';
import type { Host } from './host.ts';

/** ip_output and ip_finish_output, for a packet whose way is known. */
export function output4(host: Host, pkt: PacketBuffer, device: Device): void {
  if (!host.hook(Hook.POSTROUTING, pkt)) return;
  if (lengthOnTheWay(pkt) > pkt.routeMtu || pkt.fragMaxSize !== 0) return fragment4(host, pkt, device);
  host.neighbours4.output(pkt, device);
}

/**
 * ip_local_out: a packet of the host's own, whole, routed and dissected. What was given a device before (`link`, a copy
 * that TEE made) is to POSTROUTING as if it had come in there. `comesHome`: what is for this host as well comes to it.
 */
export function sendLocal4(host: Host, pkt: PacketBuffer, link = 0, comesHome = true): void {
  if (!host.hook(Hook.OUTPUT, pkt)) return;
  pkt.iif = link;
  // OUTPUT may have translated the destination and routed the packet anew.
  const device = host.devices.at(pkt.oif);
  if (device === undefined) return host.drop(pkt, DropReason.NO_ROUTE);
  if (comesHome && isForHome4(host, pkt, device)) copyHome(host, pkt, device);
  output4(host, pkt, device);
}

/** Writes the IP header of an own packet at `pkt.l3`; addresses are the packet's fields. Options follow behind it. */
export function writeHeader4(
  pkt: PacketBuffer,
  headerLength: number,
  tos: number,
  id: number,
  fragWord: number,
  ttl: number,
  protocol: number,
): void {
  const { bytes, l3 } = pkt;
  bytes[l3] = 0x40 | (headerLength >>> 2);
  bytes[l3 + 1] = tos;
  writeU16(bytes, l3 + 2, pkt.l3End - l3);
  writeU16(bytes, l3 + 4, id);
  writeU16(bytes, l3 + 6, fragWord);
  bytes[l3 + 8] = ttl;
  bytes[l3 + 9] = protocol;
  writeU32(bytes, l3 + 12, pkt.src0);
  writeU32(bytes, l3 + 16, pkt.dst0);
  ipv4.fillChecksum(bytes, l3);
}
