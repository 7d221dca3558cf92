/** The transport part of a log line (log-format.ts): TCP, UDP, and protocols of which only the number is known. */
import { hexByte, readU16, readU32 } from '../wire/bytes.ts';
import { IPPROTO_AH, IPPROTO_ESP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE } from '../wire/ip-protocol.ts';
import * as tcp from '../wire/tcp.ts';
import { LogFlag } from './log.ts';

/** From the most significant bit down, as they are printed. */
const TCP_FLAGS = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'] as const;

const ACCURATE_ECN = 0x01;

/** What a line says of a packet; where Linux stops reading, it `isCut`, and what else is known of the packet stays unsaid. */
export interface LogText {
  readonly text: string;
  readonly isCut: boolean;
}

export const whole = (text: string): LogText => ({ text, isCut: false });
export const cut = (text: string): LogText => ({ text, isCut: true });

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

/** `before`: what the line says already; `fragment`: a later one, of which nothing but the protocol is said (of AH not even that). */
export function transportText(
  before: string,
  bytes: Uint8Array,
  l4: number,
  end: number,
  proto: number,
  fragment: boolean,
  flags: number,
): LogText {
  const text = `${before}PROTO=${NAMES[proto] ?? proto} `;
  if (fragment) return whole(proto === IPPROTO_AH ? before : text);
  switch (proto) {
    case IPPROTO_TCP:
      return tcpText(text, bytes, l4, end, flags);
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
      return udpText(text, bytes, l4, end);
    case IPPROTO_AH:
      return whole(text + spiText(bytes, l4, end, 4, 12));
    case IPPROTO_ESP:
      return whole(text + spiText(bytes, l4, end, 0, 8));
    default:
      return whole(text);
  }
}

const NAMES: Readonly<Record<number, string>> = {
  [IPPROTO_TCP]: 'TCP',
  [IPPROTO_UDP]: 'UDP',
  [IPPROTO_UDPLITE]: 'UDPLITE',
  [IPPROTO_AH]: 'AH',
  [IPPROTO_ESP]: 'ESP',
};

function tcpText(before: string, bytes: Uint8Array, l4: number, end: number, flags: number): LogText {
  if (end - l4 < tcp.HEADER_LENGTH) return cut(before + incomplete(end - l4));
  let text = `${before}SPT=${tcp.srcPort(bytes, l4)} DPT=${tcp.dstPort(bytes, l4)} `;
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
    if (options > end) return cut(`${text}OPT (TRUNCATED)`);
    text += `OPT (${capitals(bytes, l4 + tcp.HEADER_LENGTH, options)}) `;
  }
  return whole(text);
}

function udpText(before: string, bytes: Uint8Array, l4: number, end: number): LogText {
  if (end - l4 < 8) return cut(before + incomplete(end - l4));
  const ports = `SPT=${readU16(bytes, l4)} DPT=${readU16(bytes, l4 + 2)}`;
  return whole(`${before}${ports} LEN=${readU16(bytes, l4 + 4)} `);
}

function spiText(bytes: Uint8Array, l4: number, end: number, at: number, size: number): string {
  if (end - l4 < size) return incomplete(end - l4);
  return `SPI=0x${readU32(bytes, l4 + at).toString(16)} `;
}
