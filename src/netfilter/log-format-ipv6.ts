/** The IPv6 part of a log line (log-format.ts): extension headers in the order they stand, then the transport. */
import { readU16, readU32 } from '../wire/bytes.ts';
import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_ESP,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
} from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { cut, incomplete, transportText, whole, type LogText } from './log-format-transport.ts';
import { LogFlag } from './log.ts';

const UNREACHABLE = 1;
const TOO_BIG = 2;
const TIME_EXCEEDED = 3;
const PARAMETER_PROBLEM = 4;
const ECHO = 128;
const ECHO_REPLY = 129;

export function ipv6Text(bytes: Uint8Array, l3: number, end: number, flags: number, outer: boolean): LogText {
  if (end - l3 < ipv6.HEADER_LENGTH) return cut('TRUNCATED');
  let text = `SRC=${longForm(bytes, l3 + 8)} DST=${longForm(bytes, l3 + 24)} `;
  text += `LEN=${ipv6.payloadLength(bytes, l3) + ipv6.HEADER_LENGTH} TC=${ipv6.trafficClass(bytes, l3)} `;
  text += `HOPLIMIT=${ipv6.hopLimit(bytes, l3)} FLOWLBL=${ipv6.flowLabel(bytes, l3)} `;

  let header = ipv6.nextHeader(bytes, l3);
  let at = l3 + ipv6.HEADER_LENGTH;
  let fragment = false;
  while (header !== IPPROTO_NONE && isLoggedExtension(header)) {
    if (at + 2 > end) return cut(`${text}TRUNCATED`);
    const options = (flags & LogFlag.IP_OPTIONS) !== 0;
    if (options) text += 'OPT ( ';
    let length = (bytes[at + 1]! + 1) << 3;
    switch (header) {
      case IPPROTO_FRAGMENT: {
        text += 'FRAG:';
        if (at + 8 > end) return cut(`${text}TRUNCATED `);
        const word = readU16(bytes, at + 2);
        text += `${word & 0xfff8} `;
        if (word & 1) text += 'INCOMPLETE ';
        text += `ID:${readU32(bytes, at + 4)
          .toString(16)
          .padStart(8, '0')} `;
        if (word & 0xfff8) fragment = true;
        length = 8;
        break;
      }
      case IPPROTO_AH:
        if (options) {
          text += 'AH ';
          if (fragment) return cut(`${text})`);
          if (at + 12 > end) return cut(`${text}${incomplete(end - at)})`);
          text += `SPI=0x${readU32(bytes, at + 4).toString(16)} `;
        }
        length = (bytes[at + 1]! + 2) << 2;
        break;
      case IPPROTO_ESP:
        if (!options) return cut(text);
        text += 'ESP ';
        if (fragment) return cut(`${text})`);
        if (at + 8 > end) return cut(`${text}${incomplete(end - at)})`);
        return cut(`${text}SPI=0x${readU32(bytes, at).toString(16)} )`);
      default:
        if (fragment) return cut(options ? `${text})` : text);
    }
    if (options) text += ') ';
    header = bytes[at]!;
    at += length;
  }
  if (header === IPPROTO_ICMPV6) return icmpText(text, bytes, at, end, fragment, flags, outer);
  return transportText(text, bytes, at, end, header, fragment, flags);
}

function isLoggedExtension(header: number): boolean {
  return (
    header === IPPROTO_HOPOPTS ||
    header === IPPROTO_ROUTING ||
    header === IPPROTO_FRAGMENT ||
    header === IPPROTO_ESP ||
    header === IPPROTO_AH ||
    header === IPPROTO_DSTOPTS
  );
}

/** All eight groups with their zeros, as the kernel prints addresses. */
function longForm(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = 0; i < 16; i += 2) {
    text += `${i === 0 ? '' : ':'}${readU16(bytes, at + i)
      .toString(16)
      .padStart(4, '0')}`;
  }
  return text;
}

function icmpText(
  before: string,
  bytes: Uint8Array,
  l4: number,
  end: number,
  fragment: boolean,
  flags: number,
  outer: boolean,
): LogText {
  let text = `${before}PROTO=ICMPv6 `;
  if (fragment) return whole(text);
  if (end - l4 < 8) return cut(text + incomplete(end - l4));
  const type = bytes[l4]!;
  text += `TYPE=${type} CODE=${bytes[l4 + 1]!} `;
  switch (type) {
    case ECHO:
    case ECHO_REPLY:
      return whole(`${text}ID=${readU16(bytes, l4 + 4)} SEQ=${readU16(bytes, l4 + 6)} `);
    case PARAMETER_PROBLEM:
      text += `POINTER=${readU32(bytes, l4 + 4)
        .toString(16)
        .padStart(8, '0')} `;
      break;
    case UNREACHABLE:
    case TOO_BIG:
    case TIME_EXCEEDED:
      break;
    default:
      return whole(text);
  }
  if (outer) text += `[${ipv6Text(bytes, l4 + 8, end, flags, false).text}] `;
  if (type === TOO_BIG) text += `MTU=${readU32(bytes, l4 + 4)} `;
  return whole(text);
}
