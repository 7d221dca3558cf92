/** SCTP packets in tcpdump's words: `10.0.0.1.1000 > 10.0.0.2.2000: sctp (1) [INIT] [init tag: 7] …`, on one line. */
import { readU16, readU32 } from '../bytes.ts';
import * as sctp from '../sctp.ts';
import { endpoints, has, withoutPorts, type IpContext, type View } from './view.ts';

const CHUNK_NAMES: ReadonlyMap<number, string> = new Map([
  [sctp.DATA, 'DATA'],
  [sctp.INIT, 'INIT'],
  [sctp.INIT_ACK, 'INIT ACK'],
  [sctp.SACK, 'SACK'],
  [sctp.HEARTBEAT, 'HB REQ'],
  [sctp.HEARTBEAT_ACK, 'HB ACK'],
  [sctp.ABORT, 'ABORT'],
  [sctp.SHUTDOWN, 'SHUTDOWN'],
  [sctp.SHUTDOWN_ACK, 'SHUTDOWN ACK'],
  [sctp.ERROR, 'OP ERR'],
  [sctp.COOKIE_ECHO, 'COOKIE ECHO'],
  [sctp.COOKIE_ACK, 'COOKIE ACK'],
  [sctp.ECNE, 'ECN ECHO'],
  [sctp.CWR, 'ECN CWR'],
  [sctp.SHUTDOWN_COMPLETE, 'SHUTDOWN COMPLETE'],
  [sctp.FORWARD_TSN, 'FOR CUM TSN'],
  [sctp.ASCONF, 'REL CTRL'],
]);

/** Payload protocols that have a name there (IANA "SCTP Payload Protocol Identifiers"). */
const PAYLOAD_NAMES = ['unspecified', 'IUA', 'M2UA', 'M3UA', 'SUA', 'M2PA', 'V5UA', 'H.248', 'BICC'];

/** A packet can hold thousands of empty chunks; a line shows the first of them. */
const MAX_CHUNKS_SHOWN = 16;

export function describeSctp(view: View, at: number, length: number, ip: IpContext): string {
  if (length < sctp.HEADER_LENGTH) return `truncated-sctp - ${sctp.HEADER_LENGTH - length} bytes missing!`;
  if (!has(view, at, sctp.HEADER_LENGTH)) return withoutPorts(ip, '[|sctp]');
  let text = `${endpoints(ip, sctp.srcPort(view.bytes, at), sctp.dstPort(view.bytes, at))}: sctp`;
  const end = Math.min(view.end, at + length);
  let number = 1;
  let stride = 0;
  for (let chunk = sctp.chunksStart(at); chunk < end; chunk += stride) {
    stride = sctp.chunkStride(view.bytes, chunk, end);
    if (stride <= 0) return `${text} [|sctp]`;
    if (number > MAX_CHUNKS_SHOWN) return `${text}, …`;
    text += `${number === 1 ? '' : ','} (${number++}) ${chunkText(view.bytes, chunk)}`;
  }
  return text;
}

function chunkText(bytes: Uint8Array, at: number): string {
  const type = sctp.chunkType(bytes, at);
  const name = CHUNK_NAMES.get(type);
  if (name === undefined) return `[Unknown chunk type: 0x${type.toString(16)}]`;
  const length = sctp.chunkLength(bytes, at);
  const text = `[${name}]`;
  if (type === sctp.DATA && length >= 16) return text + dataText(bytes, at);
  if ((type === sctp.INIT || type === sctp.INIT_ACK) && length >= 20) {
    return `${text} [init tag: ${readU32(bytes, at + 4)}] [rwnd: ${readU32(bytes, at + 8)}] [OS: ${readU16(bytes, at + 12)}] [MIS: ${readU16(bytes, at + 14)}] [init TSN: ${readU32(bytes, at + 16)}]`;
  }
  if (type === sctp.SACK && length >= 16) {
    return `${text} [cum ack ${readU32(bytes, at + 4)}] [a_rwnd ${readU32(bytes, at + 8)}] [#gap acks ${readU16(bytes, at + 12)}] [#dup tsns ${readU16(bytes, at + 14)}]`;
  }
  return text;
}

function dataText(bytes: Uint8Array, at: number): string {
  const flags = sctp.chunkFlags(bytes, at);
  const marks = `${flags & 4 ? '(U)' : ''}${flags & 2 ? '(B)' : ''}${flags & 1 ? '(E)' : ''}`;
  const protocol = readU32(bytes, at + 12);
  const payload = PAYLOAD_NAMES[protocol] ?? `0x${protocol.toString(16)}`;
  return `${marks === '' ? '' : ` ${marks}`} [TSN: ${readU32(bytes, at + 4)}] [SID: ${readU16(bytes, at + 8)}] [SSEQ ${readU16(bytes, at + 10)}] [PPID ${payload}]`;
}
