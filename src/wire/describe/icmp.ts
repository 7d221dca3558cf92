/** ICMP and IGMP messages in tcpdump's words: `ICMP echo request, id 7, seq 1, length 64`, `igmp v2 report 224.0.0.1`. */
import { formatIp4 } from '../address.ts';
import { readI32, readU16, readU32 } from '../bytes.ts';
import * as icmp from '../icmp.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../ip-protocol.ts';
import * as ipv4 from '../ipv4.ts';
import { has, type View } from './view.ts';

const CUT = ' [|icmp]';

export function describeIcmp(view: View, at: number, length: number): string {
  const text = has(view, at, 2) && length >= 2 ? message(view, at) : undefined;
  return text === undefined ? CUT : `ICMP ${text}, length ${length}`;
}

/** Undefined where the bytes end too early. */
function message(view: View, at: number): string | undefined {
  const { bytes } = view;
  const type = icmp.type(bytes, at);
  switch (type) {
    case icmp.ECHO_REQUEST:
    case icmp.ECHO_REPLY:
      if (!has(view, at, icmp.HEADER_LENGTH)) return undefined;
      return `echo ${type === icmp.ECHO_REQUEST ? 'request' : 'reply'}, id ${icmp.id(bytes, at)}, seq ${icmp.sequence(bytes, at)}`;
    case icmp.DEST_UNREACH:
      return unreachable(view, at);
    case icmp.SOURCE_QUENCH:
      return 'source quench';
    case icmp.REDIRECT:
      return redirect(view, at);
    case icmp.ROUTER_ADVERTISEMENT:
      return 'router advertisement';
    case icmp.ROUTER_SOLICITATION:
      return 'router solicitation';
    case icmp.TIME_EXCEEDED:
      return timeExceeded(icmp.code(bytes, at));
    case icmp.PARAMETER_PROBLEM:
      if (icmp.code(bytes, at) !== 0) return `parameter problem - code ${icmp.code(bytes, at)}`;
      return has(view, at, 5) ? `parameter problem - octet ${icmp.pointer(bytes, at)}` : undefined;
    case icmp.TIMESTAMP_REQUEST:
      if (!has(view, at, icmp.HEADER_LENGTH)) return undefined;
      return `time stamp query id ${icmp.id(bytes, at)} seq ${icmp.sequence(bytes, at)}`;
    case icmp.TIMESTAMP_REPLY:
      return timestampReply(view, at);
    case icmp.INFO_REQUEST:
      return 'information request';
    case icmp.INFO_REPLY:
      return 'information reply';
    case icmp.ADDRESS_MASK_REQUEST:
      return 'address mask request';
    case icmp.ADDRESS_MASK_REPLY:
      if (!has(view, at, 12)) return undefined;
      return `address mask is 0x${readU32(bytes, at + 8)
        .toString(16)
        .padStart(8, '0')}`;
    default:
      return `type-#${type}`;
  }
}

/** What each code of "destination unreachable" says of the inner destination. */
function unreachable(view: View, at: number): string | undefined {
  const inner = icmp.innerAt(at);
  if (!has(view, inner, ipv4.HEADER_LENGTH)) return undefined;
  const { bytes } = view;
  const dst = formatIp4(ipv4.dst(bytes, inner));
  switch (icmp.code(bytes, at)) {
    case icmp.NET_UNREACH:
      return `net ${dst} unreachable`;
    case icmp.HOST_UNREACH:
      return `host ${dst} unreachable`;
    case icmp.PROT_UNREACH:
      return `${dst} protocol ${ipv4.protocol(bytes, inner)} unreachable`;
    case icmp.PORT_UNREACH:
      return portUnreachable(view, inner, dst);
    case icmp.FRAG_NEEDED: {
      const mtu = icmp.nextHopMtu(bytes, at);
      return `${dst} unreachable - need to frag${mtu === 0 ? '' : ` (mtu ${mtu})`}`;
    }
    case icmp.SR_FAILED:
      return `${dst} unreachable - source route failed`;
    case icmp.NET_UNKNOWN:
      return `net ${dst} unreachable - unknown`;
    case icmp.HOST_UNKNOWN:
      return `host ${dst} unreachable - unknown`;
    case icmp.HOST_ISOLATED:
      return `${dst} unreachable - source host isolated`;
    case icmp.NET_ANO:
      return `net ${dst} unreachable - admin prohibited`;
    case icmp.HOST_ANO:
      return `host ${dst} unreachable - admin prohibited`;
    case icmp.NET_UNR_TOS:
      return `net ${dst} unreachable - tos prohibited`;
    case icmp.HOST_UNR_TOS:
      return `host ${dst} unreachable - tos prohibited`;
    case icmp.PKT_FILTERED:
      return `host ${dst} unreachable - admin prohibited filter`;
    case icmp.PREC_VIOLATION:
      return `host ${dst} unreachable - host precedence violation`;
    case icmp.PREC_CUTOFF:
      return `host ${dst} unreachable - precedence cutoff`;
    default:
      return `${dst} unreachable - #${icmp.code(bytes, at)}`;
  }
}

function portUnreachable(view: View, inner: number, dst: string): string | undefined {
  const { bytes } = view;
  const l4 = inner + ipv4.headerLength(bytes, inner);
  if (!has(view, l4, 4)) return undefined;
  const port = readU16(bytes, l4 + 2);
  const protocol = ipv4.protocol(bytes, inner);
  if (protocol === IPPROTO_TCP) return `${dst} tcp port ${port} unreachable`;
  if (protocol === IPPROTO_UDP) return `${dst} udp port ${port} unreachable`;
  return `${dst} protocol ${protocol} port ${port} unreachable`;
}

function redirect(view: View, at: number): string | undefined {
  const inner = icmp.innerAt(at);
  if (!has(view, inner, ipv4.HEADER_LENGTH)) return undefined;
  const code = icmp.code(view.bytes, at);
  const dst = formatIp4(ipv4.dst(view.bytes, inner));
  const gateway = formatIp4(icmp.gateway(view.bytes, at));
  if (code > 3) return `redirect-#${code} ${dst} to ${gateway}`;
  return `redirect${code > 1 ? '-tos' : ''} ${dst} to ${code % 2 === 0 ? 'net' : 'host'} ${gateway}`;
}

function timeExceeded(code: number): string {
  if (code === icmp.TTL_EXCEEDED) return 'time exceeded in-transit';
  return code === icmp.FRAG_TIME_EXCEEDED ? 'ip reassembly time exceeded' : `time exceeded-#${code}`;
}

function timestampReply(view: View, at: number): string | undefined {
  if (!has(view, at, 20)) return undefined;
  const time = (offset: number): string => timeOfDay(readU32(view.bytes, at + offset));
  return `time stamp reply id ${icmp.id(view.bytes, at)} seq ${icmp.sequence(view.bytes, at)}: org ${time(8)}, recv ${time(12)}, xmit ${time(16)}`;
}

/** Milliseconds since midnight as hours, minutes, seconds. */
function timeOfDay(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const part = (value: number, digits = 2): string => String(value).padStart(digits, '0');
  return `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}.${part(ms % 1000, 3)}`;
}

/** IGMP (RFC 1112, 2236, 9776), which has no room of its own: nothing here acts on it. */
export function describeIgmp(view: View, at: number, length: number): string {
  if (length < 8 || !has(view, at, 8)) return ' [|igmp]';
  const { bytes } = view;
  const group = formatIp4(readI32(bytes, at + 4));
  const of = readI32(bytes, at + 4) === 0 ? '' : ` [gaddr ${group}]`;
  switch (bytes[at]) {
    case 0x11:
      if (length >= 12) return `igmp query v3${of}`;
      return bytes[at + 1] === 0 ? `igmp query v1${of}` : `igmp query v2${of}`;
    case 0x12:
      return `igmp v1 report ${group}`;
    case 0x16:
      return `igmp v2 report ${group}`;
    case 0x17:
      return `igmp leave ${group}`;
    case 0x22:
      return `igmp v3 report, ${readU16(bytes, at + 6)} group record(s)`;
    default:
      return `igmp-${bytes[at]!}`;
  }
}
