/** UDP and UDP-Lite datagrams in tcpdump's words: `10.0.0.1.40000 > 10.0.0.2.53: UDP, length 30`. What they carry is not read. */
import * as udp from '../udp.ts';
import * as udplite from '../udplite.ts';
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
  return `${head}UDP, length ${stated - udp.HEADER_LENGTH}`;
}

/** tcpdump has no words for it; ours follow UDP's. */
export function describeUdpLite(view: View, at: number, length: number, ip: IpContext): string {
  if (length < udplite.HEADER_LENGTH || !has(view, at, udplite.HEADER_LENGTH)) {
    return withoutPorts(ip, ' [|udplite]');
  }
  const { bytes } = view;
  const head = `${endpoints(ip, udplite.srcPort(bytes, at), udplite.dstPort(bytes, at))}: `;
  return `${head}UDP-Lite, coverage ${udplite.coverage(bytes, at)}, length ${length - udplite.HEADER_LENGTH}`;
}
