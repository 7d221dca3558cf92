/**
 * The byte that `tos` and `dscp` look at: type of service in IPv4, traffic class in IPv6 (across two bytes there).
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export function trafficClass(pkt: PacketBuffer): number {
  const { bytes, l3 } = pkt;
  return pkt.family === 4 ? bytes[l3 + 1]! : ((bytes[l3]! << 4) | (bytes[l3 + 1]! >> 4)) & 0xff;
}
