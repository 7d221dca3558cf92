/**
 * What the TEE target asks of the host (Linux: nf_dup_ipv4, nf_dup_ipv6): a copy of a packet, sent to a gateway on the way
 * of the host's own packets. In IPv4 the copy must not be fragmented further on; before routing it loses one hop, so that
 * copies which come back end some time.
 */
import { CtInfo } from '../netfilter/conntrack/ct-info.ts';
import { Hook } from '../netfilter/hook.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { ChecksumState, type PacketBuffer } from '../wire/packet-buffer.ts';
import type { Host } from './host.ts';
import { sendLocal4 } from './ip4-send.ts';
import { sendLocal6 } from './ip6-send.ts';
import { copyPacket } from './copy-packet.ts';

export function sendDuplicate(
  host: Host,
  pkt: PacketBuffer,
  gateway: Int32Array,
  oif: number,
  hook: Hook,
): void {
  const copy = copyPacket(pkt);
  copy.ct = 0;
  copy.ctInfo = CtInfo.UNTRACKED;
  copy.iif = 0;
  const losesHop = hook === Hook.PREROUTING || hook === Hook.INPUT;
  // Forwarding forgets what tracking found.
  if (!losesHop && copy.checksumState === ChecksumState.WRONG) copy.checksumState = ChecksumState.UNKNOWN;
  if (copy.family === 4) {
    const { bytes, l3 } = copy;
    if (!ipv4.dontFragment(bytes, l3)) host.fragments.noteGivenDf(bytes);
    ipv4.setFragWord(bytes, l3, ipv4.fragWord(bytes, l3) | ipv4.FLAG_DF);
    if (losesHop) ipv4.setTtl(bytes, l3, ipv4.ttl(bytes, l3) - 1);
    ipv4.fillChecksum(bytes, l3);
  } else if (losesHop) {
    ipv6.setHopLimit(copy.bytes, copy.l3, ipv6.hopLimit(copy.bytes, copy.l3) - 1);
  }
  if (!routeTo(host, copy, gateway, oif)) return;
  const link = copy.oif;
  if (copy.family === 4) sendLocal4(host, copy, link);
  else sendLocal6(host, copy, link);
}

/** The way of a packet to the gateway; the packet's own destination does not count. */
function routeTo(host: Host, copy: PacketBuffer, gateway: Int32Array, oif: number): boolean {
  const device = oif === 0 ? undefined : host.devices.at(oif);
  const { dst0, dst1, dst2, dst3 } = copy;
  setDestination(copy, gateway[0]!, gateway[1]!, gateway[2]!, gateway[3]!);
  const found = copy.family === 4 ? host.route4.output(copy, device) : host.route6.output(copy, device);
  setDestination(copy, dst0, dst1, dst2, dst3);
  return found;
}

function setDestination(pkt: PacketBuffer, w0: number, w1: number, w2: number, w3: number): void {
  pkt.dst0 = w0;
  pkt.dst1 = w1;
  pkt.dst2 = w2;
  pkt.dst3 = w3;
}
