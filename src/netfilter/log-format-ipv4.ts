/** The IPv4 part of a log line (log-format.ts), with the packet that an ICMP error quotes in brackets. */
import { formatIp4 } from '../wire/address.ts';
import { hexByte, readI32, readU16 } from '../wire/bytes.ts';
import { IPPROTO_ICMP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import { capitals, cut, incomplete, transportText, whole, type LogText } from './log-format-transport.ts';
import { LogFlag } from './log.ts';

const TOS_BITS = 0x1e;
const PRECEDENCE_BITS = 0xe0;

const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const SOURCE_QUENCH = 4;
const REDIRECT = 5;
const ECHO = 8;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
const FRAGMENTATION_NEEDED = 4;

const ICMP_HEADER = 8;

/** Bytes that there must be for more to be said than type and code; types not listed have nothing more. */
const NEEDED_LENGTH: Readonly<Record<number, number>> = {
  [UNREACHABLE]: 8 + ipv4.HEADER_LENGTH,
  [SOURCE_QUENCH]: 8 + ipv4.HEADER_LENGTH,
  [REDIRECT]: 8 + ipv4.HEADER_LENGTH,
  [TIME_EXCEEDED]: 8 + ipv4.HEADER_LENGTH,
  [PARAMETER_PROBLEM]: 8 + ipv4.HEADER_LENGTH,
  13: 20,
  14: 20,
  17: 12,
  18: 12,
};

/** `outer` is false for a packet quoted inside an ICMP error, whose own quotes are not followed. */
export function ipv4Text(bytes: Uint8Array, l3: number, end: number, flags: number, outer: boolean): LogText {
  if (end - l3 < ipv4.HEADER_LENGTH) return cut('TRUNCATED');
  const tos = ipv4.tos(bytes, l3);
  let text = `SRC=${formatIp4(ipv4.src(bytes, l3))} DST=${formatIp4(ipv4.dst(bytes, l3))} `;
  text += `LEN=${ipv4.totalLength(bytes, l3)} TOS=0x${capitalByte(tos & TOS_BITS)} `;
  text += `PREC=0x${capitalByte(tos & PRECEDENCE_BITS)} TTL=${ipv4.ttl(bytes, l3)} ID=${ipv4.id(bytes, l3)} `;
  const frag = ipv4.fragWord(bytes, l3);
  if (frag & ipv4.FLAG_RESERVED) text += 'CE ';
  if (frag & ipv4.FLAG_DF) text += 'DF ';
  if (frag & ipv4.FLAG_MF) text += 'MF ';
  const offset = frag & ipv4.FRAG_OFFSET_MASK;
  if (offset !== 0) text += `FRAG:${offset} `;
  const l4 = l3 + ipv4.headerLength(bytes, l3);
  if (flags & LogFlag.IP_OPTIONS && l4 > l3 + ipv4.HEADER_LENGTH) {
    if (l4 > end) return cut(`${text}TRUNCATED`);
    text += `OPT (${capitals(bytes, l3 + ipv4.HEADER_LENGTH, l4)}) `;
  }
  const proto = ipv4.protocol(bytes, l3);
  if (proto === IPPROTO_ICMP) return whole(text + icmpText(bytes, l4, end, offset !== 0, flags, outer));
  return transportText(text, bytes, l4, end, proto, offset !== 0, flags);
}

function capitalByte(value: number): string {
  return hexByte(value).toUpperCase();
}

function icmpText(
  bytes: Uint8Array,
  l4: number,
  end: number,
  fragment: boolean,
  flags: number,
  outer: boolean,
): string {
  let text = 'PROTO=ICMP ';
  if (fragment) return text;
  if (end - l4 < ICMP_HEADER) return text + incomplete(end - l4);
  const type = bytes[l4]!;
  const code = bytes[l4 + 1]!;
  text += `TYPE=${type} CODE=${code} `;
  const needed = NEEDED_LENGTH[type];
  if (needed !== undefined && end - l4 < needed) return text + incomplete(end - l4);
  switch (type) {
    case ECHO:
    case ECHO_REPLY:
      return `${text}ID=${readU16(bytes, l4 + 4)} SEQ=${readU16(bytes, l4 + 6)} `;
    case PARAMETER_PROBLEM:
      return `${text}PARAMETER=${bytes[l4 + 4]!} `;
    case REDIRECT:
      text += `GATEWAY=${formatIp4(readI32(bytes, l4 + 4))} `;
      break;
    case UNREACHABLE:
    case SOURCE_QUENCH:
    case TIME_EXCEEDED:
      break;
    default:
      return text;
  }
  if (outer) text += `[${ipv4Text(bytes, l4 + 8, end, flags, false).text}] `;
  if (type === UNREACHABLE && code === FRAGMENTATION_NEEDED) text += `MTU=${readU16(bytes, l4 + 6)} `;
  return text;
}
