/**
 * GRE (RFC 2784 with key and sequence number of RFC 2890; source routing of RFC 1701 is not followed), and its version 1, the
 * enhanced GRE of PPTP (RFC 2637 section 4.1), whose key holds payload length and call id.
 *
 *     version 0: flags+version, protocol, [checksum, reserved], [key], [sequence]
 *     version 1: flags+version, 0x880b,   payload length, call id, [sequence], [acknowledgment]
 */
import { checksum } from './checksum.ts';
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

/** The part that every header has. */
export const HEADER_LENGTH = 4;

/** Bits of the first 16-bit word. */
export const FLAG_CHECKSUM = 0x8000;
export const FLAG_ROUTING = 0x4000;
export const FLAG_KEY = 0x2000;
export const FLAG_SEQUENCE = 0x1000;
/** Version 1 only. */
export const FLAG_ACK = 0x0080;
const VERSION_MASK = 0x0007;

/** Version 1 carries PPP under this number. */
export const PROTOCOL_PPP = 0x880b;

export function flags(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset);
}

export function version(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]! & VERSION_MASK;
}

/** EtherType of what is inside. */
export function protocol(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 2);
}

/** Bytes that the flags call for; four bytes must be readable. */
export function headerLength(bytes: Uint8Array, offset: number): number {
  const word = flags(bytes, offset);
  let length = HEADER_LENGTH;
  if (word & FLAG_CHECKSUM) length += 4;
  if (word & FLAG_KEY) length += 4;
  if (word & FLAG_SEQUENCE) length += 4;
  if ((word & VERSION_MASK) === 1 && word & FLAG_ACK) length += 4;
  return length;
}

/** OK for a whole header of version 0 without routing, or a whole one of PPTP's version 1. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  const word = flags(bytes, offset);
  const v = word & VERSION_MASK;
  if (v > 1 || (v === 0 && word & FLAG_ROUTING)) return WireStatus.BAD_VERSION;
  if (v === 1 && (!(word & FLAG_KEY) || protocol(bytes, offset) !== PROTOCOL_PPP))
    return WireStatus.BAD_VERSION;
  return offset + headerLength(bytes, offset) > end ? WireStatus.SHORT : WireStatus.OK;
}

/** Of a whole header with FLAG_KEY. */
export function key(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + (flags(bytes, offset) & FLAG_CHECKSUM ? 8 : 4));
}

/** Version 1: what connection tracking takes for a port. */
export function callId(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 6);
}

/** Version 1 carries no checksum, so NAT just writes. */
export function setCallId(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset + 6, value);
}

/** Version 1, in bytes. */
export function payloadLength(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 4);
}

/** Of a whole header with FLAG_SEQUENCE, of either version. */
export function sequence(bytes: Uint8Array, offset: number): number {
  const word = flags(bytes, offset);
  return readI32(bytes, offset + 4 + (word & FLAG_CHECKSUM ? 4 : 0) + (word & FLAG_KEY ? 4 : 0));
}

/** Version 1, of a whole header with FLAG_ACK. */
export function acknowledgment(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + headerLength(bytes, offset) - 4);
}

/** True when there is no checksum, or a right one (over header and payload, RFC 2784 2.3). */
export function checksumOk(bytes: Uint8Array, offset: number, end: number): boolean {
  return (flags(bytes, offset) & FLAG_CHECKSUM) === 0 || checksum(bytes, offset, end, 0) === 0;
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Fields that are undefined are absent from the header, and their flag is clear. */
export interface GreRecord {
  readonly version: number;
  readonly protocol: number;
  readonly checksum: number | undefined;
  /** Version 1: payload length in the high half, call id in the low. */
  readonly key: number | undefined;
  readonly sequence: number | undefined;
  readonly acknowledgment: number | undefined;
}

export function parse(bytes: Uint8Array, offset: number, end: number): GreRecord | undefined {
  if (check(bytes, offset, end) !== WireStatus.OK) return undefined;
  const word = flags(bytes, offset);
  const v = version(bytes, offset);
  return {
    version: v,
    protocol: protocol(bytes, offset),
    checksum: word & FLAG_CHECKSUM ? readU16(bytes, offset + 4) : undefined,
    key: word & FLAG_KEY ? key(bytes, offset) : undefined,
    sequence: word & FLAG_SEQUENCE ? sequence(bytes, offset) : undefined,
    acknowledgment: v === 1 && word & FLAG_ACK ? acknowledgment(bytes, offset) : undefined,
  };
}

function recordFlags(record: GreRecord): number {
  return (
    (record.checksum === undefined ? 0 : FLAG_CHECKSUM) |
    (record.key === undefined ? 0 : FLAG_KEY) |
    (record.sequence === undefined ? 0 : FLAG_SEQUENCE) |
    (record.acknowledgment === undefined ? 0 : FLAG_ACK) |
    record.version
  );
}

export function byteLength(record: GreRecord): number {
  const optional = [record.checksum, record.key, record.sequence, record.acknowledgment];
  return HEADER_LENGTH + 4 * optional.filter((field) => field !== undefined).length;
}

export function emit(record: GreRecord, bytes: Uint8Array, offset: number): void {
  writeU16(bytes, offset, recordFlags(record));
  writeU16(bytes, offset + 2, record.protocol);
  let at = offset + HEADER_LENGTH;
  if (record.checksum !== undefined) {
    writeU16(bytes, at, record.checksum);
    writeU16(bytes, at + 2, 0);
    at += 4;
  }
  for (const word of [record.key, record.sequence, record.acknowledgment]) {
    if (word === undefined) continue;
    writeU32(bytes, at, word);
    at += 4;
  }
}
