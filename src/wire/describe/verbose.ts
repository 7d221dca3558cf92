/**
 * What `tcpdump -v` adds: the fields of IP headers, and whether transport checksums are right. Options of IPv4 but
 * routes are named without what they hold; what ICMP errors quote and what neighbour discovery carries is shown no more than without -v.
 */
import { formatIp4 } from '../address.ts';
import { fold, sum } from '../checksum.ts';
import { readI32, readU16 } from '../bytes.ts';
import * as ipv4 from '../ipv4.ts';
import * as ipv6 from '../ipv6.ts';
import { OPTION_END, OPTION_NOP, optionLength } from '../options.ts';
import { has, type IpContext, type View } from './view.ts';

/** As tcpdump names the protocols of IP. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [0, 'Options'],
  [1, 'ICMP'],
  [2, 'IGMP'],
  [4, 'IPIP'],
  [6, 'TCP'],
  [8, 'EGP'],
  [17, 'UDP'],
  [33, 'DCCP'],
  [41, 'IPv6'],
  [43, 'Routing'],
  [44, 'Fragment'],
  [46, 'RSVP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [58, 'ICMPv6'],
  [59, 'None'],
  [60, 'DSTOPT'],
  [89, 'OSPF'],
  [103, 'PIM'],
  [108, 'Compressed IP'],
  [112, 'VRRP'],
  [132, 'SCTP'],
  [135, 'Mobile IP'],
]);

const ECN_NAMES = ['', ',ECT(1)', ',ECT(0)', ',CE'] as const;

const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [OPTION_END, 'EOL'],
  [OPTION_NOP, 'NOP'],
  [7, 'RR'],
  [68, 'timestamp'],
  [130, 'security'],
  [131, 'LSRR'],
  [137, 'SSRR'],
  [148, 'RA'],
]);

function protocolText(protocol: number): string {
  return `${PROTOCOLS.get(protocol) ?? 'unknown'} (${protocol})`;
}

/** In parentheses, and what follows goes to the next line. */
export function header4(view: View, at: number): string {
  const { bytes } = view;
  const word = ipv4.fragWord(bytes, at);
  const flags = [
    ...((word & ipv4.FLAG_MF) !== 0 ? ['+'] : []),
    ...((word & ipv4.FLAG_DF) !== 0 ? ['DF'] : []),
    ...((word & RESERVED) !== 0 ? ['rsvd'] : []),
  ];
  const tos = ipv4.tos(bytes, at);
  const ttl = ipv4.ttl(bytes, at);
  const header = ipv4.headerLength(bytes, at);
  return (
    `(tos 0x${tos.toString(16)}${ECN_NAMES[tos & 3]!}` +
    `${ttl === 0 ? '' : `, ttl ${ttl}`}, id ${ipv4.id(bytes, at)}, offset ${ipv4.fragOffset(bytes, at)}` +
    `, flags [${flags.join(', ') || 'none'}], proto ${protocolText(ipv4.protocol(bytes, at))}` +
    `, length ${ipv4.totalLength(bytes, at)}${options4(view, at, header)}${headerSum(view, at, header)})\n    `
  );
}

const RESERVED = 0x8000;
/** Of the source address in an IPv4 header. */
const SRC4_AT = 12;

function options4(view: View, at: number, header: number): string {
  if (header === ipv4.HEADER_LENGTH || !has(view, at, header)) return '';
  const names: string[] = [];
  const end = at + header;
  for (let option = at + ipv4.HEADER_LENGTH, n = 0; option < end; option += n) {
    n = optionLength(view.bytes, option, end);
    const kind = view.bytes[option]!;
    const name = OPTION_NAMES.get(kind) ?? `unknown ${kind}`;
    const rest =
      n < 0 ? ` [bad length ${view.bytes[option + 1] ?? 0}]` : routeText(view.bytes, option, n, kind);
    names.push(name + rest);
    if (n <= 0) break;
  }
  return `, options (${names.join(',')})`;
}

/** The addresses of a route that is recorded or given, those that have been passed with a comma. */
function routeText(bytes: Uint8Array, at: number, length: number, kind: number): string {
  if (!ROUTES.has(kind) || length < FIRST_ADDRESS) return '';
  const pointer = bytes[at + 2]!;
  let text = pointer < FIRST_ADDRESS + 1 || pointer % 4 !== 0 ? ` [bad ptr ${pointer}]` : '';
  for (let offset = FIRST_ADDRESS; offset + 4 <= length; offset += 4) {
    text += ` ${formatIp4(readI32(bytes, at + offset))}${pointer > offset + 1 ? ',' : ''}`;
  }
  return text;
}

/** RR, LSRR, SSRR (RFC 791 3.1). */
const ROUTES: ReadonlySet<number> = new Set([7, 131, 137]);
const FIRST_ADDRESS = 3;

function headerSum(view: View, at: number, header: number): string {
  if (!has(view, at, header)) return '';
  const total = fold(sum(view.bytes, at, at + header, 0));
  if (total === 0xffff) return '';
  const stated = readU16(view.bytes, at + 10);
  return `, bad cksum ${stated.toString(16)} (->${shouldBe(stated, total).toString(16)})!`;
}

export function header6({ bytes }: View, at: number): string {
  const trafficClass = ipv6.trafficClass(bytes, at);
  const label = ipv6.flowLabel(bytes, at);
  return (
    `(${trafficClass === 0 ? '' : `class 0x${trafficClass.toString(16).padStart(2, '0')}, `}` +
    `${label === 0 ? '' : `flowlabel 0x${label.toString(16).padStart(5, '0')}, `}` +
    `hlim ${ipv6.hopLimit(bytes, at)}, next-header ${protocolText(ipv6.nextHeader(bytes, at))} ` +
    `payload length: ${ipv6.payloadLength(bytes, at)}) `
  );
}

/** The transport checksum as it stands and as it should be; null where it cannot be told. */
export function transportChecksum(
  view: View,
  at: number,
  length: number,
  protocol: number,
  offset: number,
  ip: IpContext,
): { readonly stated: number; readonly right: number } | null {
  if (ip.fragmented || !has(view, at, length)) return null;
  const { bytes } = view;
  const [addresses, size] = ip.family === 4 ? [ip.header + SRC4_AT, 8] : [ip.header + ipv6.SRC_AT, 32];
  const pseudo = sum(bytes, addresses, addresses + size, protocol + (length >>> 16) + (length & 0xffff));
  const stated = readU16(bytes, at + offset);
  const total = fold(sum(bytes, at, at + length, pseudo));
  return { stated, right: total === 0xffff ? stated : shouldBe(stated, total) };
}

/** What makes up for the difference between a sum and that of a right packet. */
function shouldBe(stated: number, total: number): number {
  return fold(stated + (~total & 0xffff));
}

export function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}
