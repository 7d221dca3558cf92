/** The transport part of a log line (log-format.ts): TCP, UDP, and protocols of which only the number is known. */
import { hexByte, readU16, readU32 } from '../wire/bytes.ts';
import { IPPROTO_AH, IPPROTO_ESP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE } from '../wire/ip-protocol.ts';
import * as tcp from '../wire/tcp.ts';
import { LogFlag } from './log.ts';

/** From the most significant bit down, as they are printed. */
const TCP_FLAGS = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'] as const;

const ACCURATE_ECN = 0x01;

/** What follows when a header is not all there. */
export function incomplete(available: number): string {
  return `INCOMPLETE [${Math.max(0, available)} bytes] `;
}

/** Bytes as two capital hexadecimal digits each. */
export function capitals(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += hexByte(bytes[at]!).toUpperCase();
  return text;
}

/** `fragment`: a later one, of which nothing but the protocol can be said. */
export function transportText(
  bytes: Uint8Array,
  l4: number,
  end: number,
  proto: number,
  fragment: boolean,
  flags: number,
): string {
  switch (proto) {
    case IPPROTO_TCP:
      return `PROTO=TCP ${fragment ? '' : tcpText(bytes, l4, end, flags)}`;
    case IPPROTO_UDP:
      return `PROTO=UDP ${fragment ? '' : udpText(bytes, l4, end)}`;
    case IPPROTO_UDPLITE:
      return `PROTO=UDPLITE ${fragment ? '' : udpText(bytes, l4, end)}`;
    case IPPROTO_AH:
      return `PROTO=AH ${fragment ? '' : spiText(bytes, l4, end, 4, 12)}`;
    case IPPROTO_ESP:
      return `PROTO=ESP ${fragment ? '' : spiText(bytes, l4, end, 0, 8)}`;
    default:
      return `PROTO=${proto} `;
  }
}

function tcpText(bytes: Uint8Array, l4: number, end: number, flags: number): string {
  if (end - l4 < tcp.HEADER_LENGTH) return incomplete(end - l4);
  let text = `SPT=${tcp.srcPort(bytes, l4)} DPT=${tcp.dstPort(bytes, l4)} `;
  if (flags & LogFlag.TCP_SEQUENCE) text += `SEQ=${readU32(bytes, l4 + 4)} ACK=${readU32(bytes, l4 + 8)} `;
  text += `WINDOW=${tcp.window(bytes, l4)} `;
  // The three reserved bits, two places up: where the kernel's mask and shift leave them. The fourth is accurate ECN's.
  text += `RES=0x${hexByte((bytes[l4 + 12]! & 0x0e) << 2)} `;
  if (bytes[l4 + 12]! & ACCURATE_ECN) text += 'AE ';
  const bits = bytes[l4 + 13]!;
  for (let i = 0; i < TCP_FLAGS.length; i++) if (bits & (0x80 >> i)) text += `${TCP_FLAGS[i]!} `;
  text += `URGP=${tcp.urgentPointer(bytes, l4)} `;
  const options = l4 + tcp.headerLength(bytes, l4);
  if (flags & LogFlag.TCP_OPTIONS && options > l4 + tcp.HEADER_LENGTH) {
    if (options > end) return `${text}OPT (TRUNCATED)`;
    text += `OPT (${capitals(bytes, l4 + tcp.HEADER_LENGTH, options)}) `;
  }
  return text;
}

function udpText(bytes: Uint8Array, l4: number, end: number): string {
  if (end - l4 < 8) return incomplete(end - l4);
  return `SPT=${readU16(bytes, l4)} DPT=${readU16(bytes, l4 + 2)} LEN=${readU16(bytes, l4 + 4)} `;
}

function spiText(bytes: Uint8Array, l4: number, end: number, at: number, size: number): string {
  if (end - l4 < size) return incomplete(end - l4);
  return `SPI=0x${readU32(bytes, l4 + at).toString(16)} `;
}
