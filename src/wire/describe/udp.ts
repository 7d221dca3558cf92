/** UDP and UDP-Lite datagrams in tcpdump's words: `10.0.0.1.40000 > 10.0.0.2.53: UDP, length 30`. What they carry is not read. */
import { IPPROTO_UDP } from '../ip-protocol.ts';
import * as udp from '../udp.ts';
import * as udplite from '../udplite.ts';
import { hex16, transportChecksum } from './verbose.ts';
import { endpoints, has, withoutPorts, type IpContext, type View } from './view.ts';

export function describeUdp(view: View, at: number, length: number, ip: IpContext): string {
  const { bytes } = view;
  // A datagram that is short by its own account is named as such; one cut by the capture shows no ports.
  if (!has(view, at, Math.min(length, udp.HEADER_LENGTH)) || length < 4) return withoutPorts(ip, ' [|udp]');
  const head = `${endpoints(ip, udp.srcPort(bytes, at), udp.dstPort(bytes, at))}: `;
  if (length < udp.HEADER_LENGTH) return `${head}truncated-udp ${length}`;
  const stated = udp.length(bytes, at);
  if (stated < udp.HEADER_LENGTH) return `${head}truncated-udplength ${stated}`;
  if (stated > length && !ip.fragmented) {
    return `${head}UDP, bad length ${stated - udp.HEADER_LENGTH} > ${length - udp.HEADER_LENGTH}`;
  }
  return `${head}${view.verbose ? sumText(view, at, length, ip) : ''}UDP, length ${stated - udp.HEADER_LENGTH}`;
}

/** With one -v, tcpdump tells of IPv6's alone. */
function sumText(view: View, at: number, length: number, ip: IpContext): string {
  if (ip.family !== 6) return '';
  const sums = transportChecksum(view, at, length, IPPROTO_UDP, CHECKSUM_AT, ip);
  if (sums === null) return '';
  const { stated, right } = sums;
  return stated === right ? '[udp sum ok] ' : `[bad udp cksum ${hex16(stated)} -> ${hex16(right)}!] `;
}

const CHECKSUM_AT = 6;

/** tcpdump has no words for it; ours follow UDP's. */
export function describeUdpLite(view: View, at: number, length: number, ip: IpContext): string {
  if (length < udplite.HEADER_LENGTH || !has(view, at, udplite.HEADER_LENGTH)) {
    return withoutPorts(ip, ' [|udplite]');
  }
  const { bytes } = view;
  const head = `${endpoints(ip, udplite.srcPort(bytes, at), udplite.dstPort(bytes, at))}: `;
  return `${head}UDP-Lite, coverage ${udplite.coverage(bytes, at)}, length ${length - udplite.HEADER_LENGTH}`;
}
