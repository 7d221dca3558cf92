/** ICMPv6 messages in tcpdump's words: `ICMP6, echo request, id 7, seq 1, length 64`, `ICMP6, neighbor solicitation, who has …`. */
import { formatIp6 } from '../address.ts';
import { readI32, readU16 } from '../bytes.ts';
import * as icmpv6 from '../icmpv6.ts';
import { IPPROTO_NONE, IPPROTO_TCP, IPPROTO_UDP } from '../ip-protocol.ts';
import * as ipv6 from '../ipv6.ts';
import * as ipv6ext from '../ipv6-ext.ts';
import * as nd from '../nd.ts';
import { has, type View } from './view.ts';

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [icmpv6.DEST_UNREACH, 'destination unreachable'],
  [icmpv6.PACKET_TOO_BIG, 'packet too big'],
  [icmpv6.TIME_EXCEEDED, 'time exceeded in-transit'],
  [icmpv6.PARAMETER_PROBLEM, 'parameter problem'],
  [icmpv6.ECHO_REQUEST, 'echo request'],
  [icmpv6.ECHO_REPLY, 'echo reply'],
  [icmpv6.MLD_QUERY, 'multicast listener query'],
  [icmpv6.MLD_REPORT, 'multicast listener report'],
  [icmpv6.MLD_DONE, 'multicast listener done'],
  [icmpv6.ROUTER_SOLICITATION, 'router solicitation'],
  [icmpv6.ROUTER_ADVERTISEMENT, 'router advertisement'],
  [icmpv6.NEIGHBOUR_SOLICITATION, 'neighbor solicitation'],
  [icmpv6.NEIGHBOUR_ADVERTISEMENT, 'neighbor advertisement'],
  [icmpv6.REDIRECT, 'redirect'],
  [icmpv6.NODE_INFO_QUERY, 'who-are-you request'],
  [icmpv6.NODE_INFO_REPLY, 'who-are-you reply'],
  [icmpv6.MLD2_REPORT, 'multicast listener report v2'],
]);

const CUT = ' [|icmp6]';

export function describeIcmpv6(view: View, at: number, length: number): string {
  if (length < icmpv6.HEADER_LENGTH || !has(view, at, icmpv6.HEADER_LENGTH)) return CUT;
  const type = icmpv6.type(view.bytes, at);
  const text = `ICMP6, ${TYPE_NAMES.get(type) ?? `unknown icmp6 type (${type})`}`;
  const more = details(view, at, length, type);
  return more === undefined ? text + CUT : `${text}${more}, length ${length}`;
}

/** What follows the type's name; undefined where the bytes end too early. */
function details(view: View, at: number, length: number, type: number): string | undefined {
  const { bytes } = view;
  switch (type) {
    case icmpv6.DEST_UNREACH:
      return unreachable(view, at);
    case icmpv6.PACKET_TOO_BIG:
      return `, mtu ${icmpv6.mtu(bytes, at)}`;
    case icmpv6.TIME_EXCEEDED:
      return timeExceeded(view, at);
    case icmpv6.PARAMETER_PROBLEM:
      return `${parameterProblem(icmpv6.code(bytes, at))} - octet ${icmpv6.pointer(bytes, at)}`;
    case icmpv6.ECHO_REQUEST:
    case icmpv6.ECHO_REPLY:
      return `, id ${icmpv6.id(bytes, at)}, seq ${icmpv6.sequence(bytes, at)}`;
    case icmpv6.MLD_QUERY:
    case icmpv6.MLD_REPORT:
    case icmpv6.MLD_DONE:
      return listener(view, at, length, type);
    case icmpv6.MLD2_REPORT:
      return `, ${readU16(bytes, at + 6)} group record(s)`;
    case icmpv6.NEIGHBOUR_SOLICITATION:
      return has(view, at, nd.NEIGHBOUR_LENGTH) ? `, who has ${address(view, nd.targetAt(at))}` : undefined;
    case icmpv6.NEIGHBOUR_ADVERTISEMENT:
      return has(view, at, nd.NEIGHBOUR_LENGTH) ? `, tgt is ${address(view, nd.targetAt(at))}` : undefined;
    case icmpv6.REDIRECT:
      if (!has(view, at, nd.REDIRECT_LENGTH)) return undefined;
      return `, ${address(view, at + 24)} to ${address(view, nd.targetAt(at))}`;
    default:
      return '';
  }
}

function address(view: View, at: number): string {
  const { bytes } = view;
  return formatIp6(
    readI32(bytes, at),
    readI32(bytes, at + 4),
    readI32(bytes, at + 8),
    readI32(bytes, at + 12),
  );
}

function unreachable(view: View, at: number): string | undefined {
  const inner = icmpv6.innerAt(at);
  const code = icmpv6.code(view.bytes, at);
  const whole = has(view, inner, ipv6.HEADER_LENGTH);
  const dst = whole ? address(view, inner + ipv6.DST_AT) : '';
  switch (code) {
    case icmpv6.NO_ROUTE:
      return whole ? `, unreachable route ${dst}` : undefined;
    case icmpv6.ADM_PROHIBITED:
      return whole ? `,  unreachable prohibited ${dst}` : undefined;
    case icmpv6.NOT_NEIGHBOUR:
      return whole
        ? `, beyond scope ${dst}, source address ${address(view, inner + ipv6.SRC_AT)}`
        : undefined;
    case icmpv6.ADDR_UNREACH:
      return whole ? `, unreachable address ${dst}` : undefined;
    case icmpv6.PORT_UNREACH:
      return whole ? portUnreachable(view, inner, dst) : undefined;
    default:
      return `, unknown unreach code (${code})`;
  }
}

/** The transport header inside may stand behind extension headers. */
function portUnreachable(view: View, inner: number, dst: string): string | undefined {
  const { bytes } = view;
  let next = ipv6.nextHeader(bytes, inner);
  let at = inner + ipv6.HEADER_LENGTH;
  while (ipv6ext.isExtension(next) && next !== IPPROTO_NONE) {
    if (!has(view, at, ipv6ext.MIN_LENGTH)) return undefined;
    const length = ipv6ext.headerLength(bytes, at, next);
    next = ipv6ext.nextHeader(bytes, at);
    at += length;
  }
  if (!has(view, at, 4) || (next !== IPPROTO_TCP && next !== IPPROTO_UDP)) return undefined;
  return `, unreachable port, ${dst} ${next === IPPROTO_TCP ? 'tcp' : 'udp'} port ${readU16(bytes, at + 2)}`;
}

function timeExceeded(view: View, at: number): string | undefined {
  const inner = icmpv6.innerAt(at);
  const code = icmpv6.code(view.bytes, at);
  if (code === icmpv6.FRAG_TIME_EXCEEDED) return ' (reassembly)';
  if (code !== icmpv6.HOP_LIMIT_EXCEEDED) return `, unknown code (${code})`;
  return has(view, inner, ipv6.HEADER_LENGTH) ? ` for ${address(view, inner + ipv6.DST_AT)}` : undefined;
}

function parameterProblem(code: number): string {
  switch (code) {
    case icmpv6.ERRONEOUS_HEADER:
      return ', erroneous';
    case icmpv6.UNKNOWN_NEXT_HEADER:
      return ', next header';
    case icmpv6.UNKNOWN_OPTION:
      return ', option';
    case 3: // RFC 7112
      return ', incomplete header chain';
    default:
      return `, code-#${code}`;
  }
}

/** A query of 28 bytes or more is MLDv2's (RFC 9777 8.1). */
function listener(view: View, at: number, length: number, type: number): string | undefined {
  if (!has(view, at, 24)) return undefined;
  const group = address(view, at + 8);
  if (type === icmpv6.MLD_QUERY && length >= 28) return ` v2 [gaddr ${group}]`;
  return `max resp delay: ${readU16(view.bytes, at + 4)} addr: ${group}`;
}
