/**
 * SCTP (RFC 9260 section 3): the common header of twelve bytes, and a walk over chunks. The checksum is CRC-32C over the
 * packet with the field zero, stored least significant byte first; there is no pseudo header.
 *
 *      0       2       4                8          12
 *     ┌───────┬───────┬────────────────┬──────────┬───────────────────────────────
 *     │srcPort│dstPort│verification tag│ checksum │ chunks: type, flags, length, …
 *     └───────┴───────┴────────────────┴──────────┴───────────────────────────────
 */
import { crc32cUpdate } from './crc32c.ts';
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

export const HEADER_LENGTH = 12;
export const CHUNK_HEADER_LENGTH = 4;
export const CHECKSUM_AT = 8;

/** Chunk types (IANA "SCTP Chunk Types"). */
export const DATA = 0;
export const INIT = 1;
export const INIT_ACK = 2;
export const SACK = 3;
export const HEARTBEAT = 4;
export const HEARTBEAT_ACK = 5;
export const ABORT = 6;
export const SHUTDOWN = 7;
export const SHUTDOWN_ACK = 8;
export const ERROR = 9;
export const COOKIE_ECHO = 10;
export const COOKIE_ACK = 11;
export const ECNE = 12;
export const CWR = 13;
export const SHUTDOWN_COMPLETE = 14;
export const AUTH = 15;
export const I_DATA = 64;
export const ASCONF_ACK = 128;
export const RE_CONFIG = 130;
export const PAD = 132;
export const FORWARD_TSN = 192;
export const ASCONF = 193;
export const I_FORWARD_TSN = 194;

/** Flag of ABORT and SHUTDOWN COMPLETE: the verification tag is the peer's, reflected. */
export const FLAG_T = 1;

export function check(offset: number, end: number): WireStatus {
  return offset + HEADER_LENGTH > end ? WireStatus.SHORT : WireStatus.OK;
}

export function srcPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset);
}

export function dstPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 2);
}

export function verificationTag(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4);
}

/** The CRC as a signed number, its bytes taken in the order in which they are stored. */
export function headerChecksum(bytes: Uint8Array, offset: number): number {
  return (
    bytes[offset + 8]! | (bytes[offset + 9]! << 8) | (bytes[offset + 10]! << 16) | (bytes[offset + 11]! << 24)
  );
}

/** The CRC that the packet should carry, whatever it carries now. */
export function computeChecksum(bytes: Uint8Array, offset: number, end: number): number {
  const head = crc32cUpdate(-1, bytes, offset, offset + CHECKSUM_AT);
  return ~crc32cUpdate(crc32cUpdate(head, ZEROS, 0, 4), bytes, offset + HEADER_LENGTH, end);
}

const ZEROS = new Uint8Array(4);

export function checksumOk(bytes: Uint8Array, offset: number, end: number): boolean {
  return computeChecksum(bytes, offset, end) === headerChecksum(bytes, offset);
}

export function fillChecksum(bytes: Uint8Array, offset: number, end: number): void {
  const crc = computeChecksum(bytes, offset, end);
  bytes[offset + 8] = crc;
  bytes[offset + 9] = crc >>> 8;
  bytes[offset + 10] = crc >>> 16;
  bytes[offset + 11] = crc >>> 24;
}

/** A CRC cannot be updated cheaply: whoever sets ports calls `fillChecksum` afterwards, as Linux's NAT does. */
export function setSrcPort(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value);
}

export function setDstPort(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset + 2, value);
}

// ── Chunks, by the offset of each ───────────────────────────────────────────────────────────────────────────────

export function chunksStart(offset: number): number {
  return offset + HEADER_LENGTH;
}

/**
 * Bytes from this chunk to the next, padding included; 0 at the end; -1 when the chunk is shorter than its header or runs
 * past `end`. The padding of the last chunk may be missing.
 */
export function chunkStride(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  if (at + CHUNK_HEADER_LENGTH > end) return -1;
  const length = chunkLength(bytes, at);
  if (length < CHUNK_HEADER_LENGTH || at + length > end) return -1;
  return Math.min((length + 3) & ~3, end - at);
}

export function chunkType(bytes: Uint8Array, at: number): number {
  return bytes[at]!;
}

export function chunkFlags(bytes: Uint8Array, at: number): number {
  return bytes[at + 1]!;
}

/** Header and value, without padding. */
export function chunkLength(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 2);
}

/** Of INIT and INIT ACK (twenty bytes at least): the tag that the peer is to use. */
export function initiateTag(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at + 4);
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SctpChunkRecord {
  readonly type: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

export interface SctpRecord {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly verificationTag: number;
  readonly checksum: number;
  readonly chunks: readonly SctpChunkRecord[];
}

/** Undefined when the header is short or a chunk broken. */
export function parse(bytes: Uint8Array, offset: number, end: number): SctpRecord | undefined {
  if (check(offset, end) !== WireStatus.OK) return undefined;
  const chunks: SctpChunkRecord[] = [];
  let at = chunksStart(offset);
  let stride = 0;
  for (; (stride = chunkStride(bytes, at, end)) > 0; at += stride) {
    chunks.push({
      type: chunkType(bytes, at),
      flags: chunkFlags(bytes, at),
      value: bytes.slice(at + CHUNK_HEADER_LENGTH, at + chunkLength(bytes, at)),
    });
  }
  if (stride < 0) return undefined;
  return {
    srcPort: srcPort(bytes, offset),
    dstPort: dstPort(bytes, offset),
    verificationTag: verificationTag(bytes, offset),
    checksum: headerChecksum(bytes, offset),
    chunks,
  };
}

export function byteLength(record: Pick<SctpRecord, 'chunks'>): number {
  let length = HEADER_LENGTH;
  for (const chunk of record.chunks) length += (CHUNK_HEADER_LENGTH + chunk.value.length + 3) & ~3;
  return length;
}

export function emit(record: SctpRecord, bytes: Uint8Array, offset: number): void {
  writeU16(bytes, offset, record.srcPort);
  writeU16(bytes, offset + 2, record.dstPort);
  writeU32(bytes, offset + 4, record.verificationTag);
  const crc = record.checksum;
  bytes[offset + 8] = crc;
  bytes[offset + 9] = crc >>> 8;
  bytes[offset + 10] = crc >>> 16;
  bytes[offset + 11] = crc >>> 24;
  let at = offset + HEADER_LENGTH;
  for (const chunk of record.chunks) {
    const length = CHUNK_HEADER_LENGTH + chunk.value.length;
    bytes[at] = chunk.type;
    bytes[at + 1] = chunk.flags;
    writeU16(bytes, at + 2, length);
    bytes.set(chunk.value, at + CHUNK_HEADER_LENGTH);
    const stride = (length + 3) & ~3;
    bytes.fill(0, at + length, at + stride);
    at += stride;
  }
}
