/**
 * IP datagrams in tcpdump's words, up to what they carry: `IP 10.0.0.1.40000 > 10.0.0.2.80: …`, `IP6 fd00::1 > fd00::2: HBH …`,
 * fragments, and the headers that carry further packets (GRE, AH, IP in IP).
 */
import { formatIp4, formatIp6 } from '../address.ts';
import * as ah from '../ah.ts';
import { bytesToHex, readI32 } from '../bytes.ts';
import * as dccp from '../dccp.ts';
import * as esp from '../esp.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../ether-type.ts';
import * as gre from '../gre.ts';
import {
  IPPROTO_AH,
  IPPROTO_DCCP,
  IPPROTO_DSTOPTS,
  IPPROTO_ESP,
  IPPROTO_FRAGMENT,
  IPPROTO_GRE,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IGMP,
  IPPROTO_IPIP,
  IPPROTO_IPV6,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../ip-protocol.ts';
import * as ipv4 from '../ipv4.ts';
import * as ipv6 from '../ipv6.ts';
import * as ipv6ext from '../ipv6-ext.ts';
import { describeIcmp, describeIgmp } from './icmp.ts';
import { describeIcmpv6 } from './icmpv6.ts';
import { describeSctp } from './sctp.ts';
import { describeTcp } from './tcp.ts';
import { describeUdp, describeUdpLite } from './udp.ts';
import { header4, header6, hex16, transportChecksum } from './verbose.ts';
import { endpoints, has, hex32, MAX_DEPTH, withoutPorts, type IpContext, type View } from './view.ts';

/** Protocols whose line names addresses and ports together. */
function namesPorts(protocol: number): boolean {
  return (
    protocol === IPPROTO_TCP ||
    protocol === IPPROTO_UDP ||
    protocol === IPPROTO_UDPLITE ||
    protocol === IPPROTO_SCTP ||
    protocol === IPPROTO_DCCP
  );
}

/** `IP …`, of whatever starts at `at` under EtherType 0x0800. */
export function describeIpv4(view: View, at: number): string {
  const { bytes } = view;
  if (at >= view.end) return '[|ip]';
  const version = ipv4.version(bytes, at);
  if (version === 6) return 'IP6, wrong link-layer encapsulation (invalid)';
  if (version !== 4) return `IP${version} (invalid)`;
  if (!has(view, at, ipv4.HEADER_LENGTH)) return 'IP  [|ip]';
  const header = ipv4.headerLength(bytes, at);
  if (header < ipv4.HEADER_LENGTH) return `IP bad-hlen ${header}`;
  const total = ipv4.totalLength(bytes, at);
  if (total < header) return `IP bad-len ${total}`;
  const missing = at + total - view.wireEnd;
  const fields = view.verbose ? header4(view, at) : '';
  const head = `IP ${fields}${missing > 0 ? `truncated-ip - ${missing} bytes missing! ` : ''}`;
  const protocol = ipv4.protocol(bytes, at);
  const src = formatIp4(ipv4.src(bytes, at));
  const dst = formatIp4(ipv4.dst(bytes, at));
  if (ipv4.fragOffset(bytes, at) !== 0) return `${head}${src} > ${dst}: ip-proto-${protocol}`;
  const fragmented = ipv4.moreFragments(bytes, at);
  const addressed = !namesPorts(protocol);
  const ip: IpContext = { family: 4, header: at, src, dst, addressed, fragmented };
  const payload = describePayload(view, protocol, at + header, total - header, ip);
  return `${head}${addressed ? `${src} > ${dst}: ` : ''}${payload}`;
}

/** `IP6 …`, of whatever starts at `at` under EtherType 0x86dd. */
export function describeIpv6(view: View, at: number): string {
  const { bytes } = view;
  if (!has(view, at, ipv6.HEADER_LENGTH)) return '[|ip6]';
  if (ipv6.version(bytes, at) !== 6) return `IP6 version error: ${ipv6.version(bytes, at)} != 6`;
  const protocol = ipv6.nextHeader(bytes, at);
  const stated = ipv6.payloadLength(bytes, at);
  const body = at + ipv6.HEADER_LENGTH;
  const jumbo = stated === 0 && protocol === IPPROTO_HOPOPTS;
  const length = jumbo ? view.wireEnd - body : stated;
  const missing = body + length - view.wireEnd;
  const word = (offset: number): number => readI32(bytes, at + offset);
  const src = formatIp6(word(8), word(12), word(16), word(20));
  const dst = formatIp6(word(24), word(28), word(32), word(36));
  const addressed = !namesPorts(protocol);
  const ip: IpContext = { family: 6, header: at, src, dst, addressed, fragmented: false };
  return (
    `IP6 ${view.verbose ? header6(view, at) : ''}${missing > 0 ? `truncated-ip6 - ${missing} bytes missing!` : ''}` +
    `${addressed ? `${src} > ${dst}: ` : ''}${describeChain(view, protocol, body, length, ip)}`
  );
}

/** Extension headers, each with a word, and what follows them. */
function describeChain(view: View, protocol: number, at: number, length: number, ip: IpContext): string {
  const { bytes } = view;
  let text = '';
  let kind = protocol;
  let header = at;
  let left = length;
  let fragmented = false;
  while (ipv6ext.isExtension(kind) && kind !== IPPROTO_AH) {
    if (kind === IPPROTO_NONE) return `${text}no next header`;
    const size = has(view, header, ipv6ext.MIN_LENGTH) ? ipv6ext.headerLength(bytes, header, kind) : 0;
    if (size === 0 || !has(view, header, size)) return `${text} [|${CUT_NAMES.get(kind)!}]`;
    if (kind === IPPROTO_FRAGMENT) {
      const offset = ipv6ext.fragOffset(bytes, header);
      const id = view.verbose ? `${hex32(ipv6ext.fragId(bytes, header))}:` : '';
      text += `frag (${id}${offset}|${Math.max(0, left - size)})`;
      if (offset !== 0) return text;
      fragmented = true;
    } else {
      text += kind === IPPROTO_ROUTING ? routing(bytes, header, size) : CHAIN_WORDS.get(kind)!;
    }
    text += ' ';
    kind = ipv6ext.nextHeader(bytes, header);
    header += size;
    left -= size;
  }
  return text + describePayload(view, kind, header, left, { ...ip, fragmented });
}

const CHAIN_WORDS: ReadonlyMap<number, string> = new Map([
  [IPPROTO_HOPOPTS, 'HBH'],
  [IPPROTO_DSTOPTS, 'DSTOPT'],
]);

const CUT_NAMES: ReadonlyMap<number, string> = new Map([
  [IPPROTO_HOPOPTS, 'hbhopt'],
  [IPPROTO_DSTOPTS, 'dstopt'],
  [IPPROTO_ROUTING, 'srcrt'],
  [IPPROTO_FRAGMENT, 'frag'],
]);

function routing(bytes: Uint8Array, at: number, size: number): string {
  const type = ipv6ext.routingType(bytes, at);
  const named = type === 0 ? '0 [Deprecated]' : String(type);
  return `RT6 (len=${(size >>> 3) - 1}, type=${named}, segleft=${ipv6ext.segmentsLeft(bytes, at)})`;
}

/** What an IP header carries; `length` is what that header leaves for it. */
function describePayload(view: View, protocol: number, at: number, length: number, ip: IpContext): string {
  switch (protocol) {
    case IPPROTO_TCP:
      return describeTcp(view, at, length, ip);
    case IPPROTO_UDP:
      return describeUdp(view, at, length, ip);
    case IPPROTO_UDPLITE:
      return describeUdpLite(view, at, length, ip);
    case IPPROTO_SCTP:
      return describeSctp(view, at, length, ip);
    case IPPROTO_DCCP:
      return describeDccp(view, at, length, ip);
    case IPPROTO_ICMP:
      return describeIcmp(view, at, length);
    case IPPROTO_ICMPV6:
      return sumOfIcmpv6(view, at, length, ip) + describeIcmpv6(view, at, length);
    case IPPROTO_IGMP:
      return describeIgmp(view, at, length);
    case IPPROTO_ESP:
      if (!has(view, at, esp.HEADER_LENGTH)) return ' [|esp]';
      return `ESP(spi=${hex32(esp.spi(view.bytes, at))},seq=0x${(esp.sequence(view.bytes, at) >>> 0).toString(16)}), length ${length}`;
    case IPPROTO_AH:
      return describeAh(view, at, length, ip);
    case IPPROTO_GRE:
      return describeGre(view, at, length);
    case IPPROTO_IPIP:
      return inside(view, ETH_P_IP, at);
    case IPPROTO_IPV6:
      return inside(view, ETH_P_IPV6, at);
    default:
      return ` ip-proto-${protocol} ${length}`;
  }
}

const ICMPV6_CHECKSUM_AT = 2;

function sumOfIcmpv6(view: View, at: number, length: number, ip: IpContext): string {
  if (!view.verbose || ip.family !== 6) return '';
  const sums = transportChecksum(view, at, length, IPPROTO_ICMPV6, ICMPV6_CHECKSUM_AT, ip);
  if (sums === null) return '';
  const { stated, right } = sums;
  return stated === right ? '[icmp6 sum ok] ' : `[bad icmp6 cksum ${hex16(stated)} -> ${hex16(right)}!] `;
}

/** A packet in a packet, unless too many are already. */
function inside(view: View, etherType: number, at: number): string {
  if (view.depth === MAX_DEPTH) return '[nested too deep]';
  const inner = { ...view, depth: view.depth + 1 };
  return etherType === ETH_P_IP ? describeIpv4(inner, at) : describeIpv6(inner, at);
}

const DCCP_NAMES = [
  'Request',
  'Response',
  'Data',
  'Ack',
  'DataAck',
  'CloseReq',
  'Close',
  'Reset',
  'Sync',
  'SyncAck',
];

function describeDccp(view: View, at: number, length: number, ip: IpContext): string {
  if (length < dccp.HEADER_LENGTH || !has(view, at, dccp.HEADER_LENGTH)) return withoutPorts(ip, '[|dccp]');
  const type = dccp.type(view.bytes, at);
  const name = DCCP_NAMES[type];
  return `${endpoints(ip, dccp.srcPort(view.bytes, at), dccp.dstPort(view.bytes, at))}: DCCP ${name === undefined ? `unknown-type-${type}` : `DCCP-${name}`}`;
}

function describeAh(view: View, at: number, length: number, ip: IpContext): string {
  if (view.depth === MAX_DEPTH) return '[nested too deep]';
  if (!has(view, at, ah.HEADER_LENGTH)) return 'AH( [|ah]';
  const { bytes } = view;
  const size = ah.headerLength(bytes, at);
  if (size < ah.HEADER_LENGTH || size > length || !has(view, at, size)) return 'AH( [|ah]';
  const icv = bytesToHex(bytes, at + ah.HEADER_LENGTH, at + size);
  const seq = (ah.sequence(bytes, at) >>> 0).toString(16);
  const head = `AH(spi=${hex32(ah.spi(bytes, at))},seq=0x${seq},icv=0x${icv}): `;
  const next = ah.nextHeader(bytes, at);
  const inner = { ...view, depth: view.depth + 1 };
  return (
    head +
    (ip.family === 6
      ? describeChain(inner, next, at + size, length - size, ip)
      : describePayload(inner, next, at + size, length - size, ip))
  );
}

function describeGre(view: View, at: number, length: number): string {
  if (length < gre.HEADER_LENGTH || !has(view, at, gre.HEADER_LENGTH)) return ' [|gre]';
  const { bytes } = view;
  const version = gre.version(bytes, at);
  const head = `GREv${version}, `;
  if (version > 1) return `GREv${version} ERROR: unknown-version`;
  const size = gre.headerLength(bytes, at);
  if (!has(view, at, size)) return `${head} [|gre]`;
  const flags = gre.flags(bytes, at);
  const sequence = flags & gre.FLAG_SEQUENCE ? `seq ${gre.sequence(bytes, at) >>> 0}, ` : '';
  if (version === 1) {
    const payload = flags & gre.FLAG_SEQUENCE ? '' : 'no-payload, ';
    const ack = flags & gre.FLAG_ACK ? `ack ${gre.acknowledgment(bytes, at) >>> 0}, ` : '';
    const call = flags & gre.FLAG_KEY ? `call ${gre.callId(bytes, at)}, ` : '';
    return `${head}${call}${sequence}${ack}${payload}length ${length}${payload === '' ? ': PPP' : ''}`;
  }
  const key = flags & gre.FLAG_KEY ? `key=0x${(gre.key(bytes, at) >>> 0).toString(16)}, ` : '';
  const type = gre.protocol(bytes, at);
  const carried =
    type === ETH_P_IP || type === ETH_P_IPV6
      ? inside(view, type, at + size)
      : `gre-proto-0x${type.toString(16)}`;
  return `${head}${key}${sequence}length ${length}: ${carried}`;
}
