/**
 * UDP (RFC 768). A checksum of 0 means that the sender computed none (IPv4 only); one that computes to 0 is sent as
 * 0xffff. The setters keep both: none stays none, and an update that ends in 0 is written as 0xffff (Linux:
 * CSUM_MANGLED_0).
 */
import { updateWord32 } from './checksum.ts';
import { readU16, writeU16 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

export const HEADER_LENGTH = 8;
export const CHECKSUM_AT = 6;
/** In the checksum field: none was computed. */
export const CHECKSUM_NONE = 0;
/** What a computed zero is sent as. */
export const CHECKSUM_MANGLED_0 = 0xffff;

/** OK when header and length field fit; a length below 8 or past `end` is what connection tracking calls INVALID. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  const stated = length(bytes, offset);
  if (stated < HEADER_LENGTH) return WireStatus.BAD_LENGTH;
  return offset + stated > end ? WireStatus.CUT : WireStatus.OK;
}

export function srcPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset);
}

export function dstPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 2);
}

/** Header and data, as stated. */
export function length(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 4);
}

export function headerChecksum(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + CHECKSUM_AT);
}

export function setChecksum(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset + CHECKSUM_AT, value);
}

/** A computed checksum as it is sent: 0 becomes 0xffff. */
export function mangleZero(checksum: number): number {
  return checksum === 0 ? CHECKSUM_MANGLED_0 : checksum;
}

function replacePort(bytes: Uint8Array, offset: number, at: number, value: number): void {
  const before = headerChecksum(bytes, offset);
  if (before !== CHECKSUM_NONE) {
    setChecksum(bytes, offset, mangleZero(updateWord32(before, readU16(bytes, at), value)));
  }
  writeU16(bytes, at, value);
}

export function setSrcPort(bytes: Uint8Array, offset: number, value: number): void {
  replacePort(bytes, offset, offset, value);
}

export function setDstPort(bytes: Uint8Array, offset: number, value: number): void {
  replacePort(bytes, offset, offset + 2, value);
}

/** The length stands in the header and in the pseudo header, so an exact update counts it twice. */
export function setLength(bytes: Uint8Array, offset: number, value: number): void {
  const before = headerChecksum(bytes, offset);
  if (before !== CHECKSUM_NONE) {
    const old = length(bytes, offset);
    setChecksum(bytes, offset, mangleZero(updateWord32(updateWord32(before, old, value), old, value)));
  }
  writeU16(bytes, offset + 4, value);
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface UdpRecord {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly length: number;
  readonly checksum: number;
}

export function parse(bytes: Uint8Array, offset: number, end: number): UdpRecord | undefined {
  if (offset + HEADER_LENGTH > end) return undefined;
  return {
    srcPort: srcPort(bytes, offset),
    dstPort: dstPort(bytes, offset),
    length: length(bytes, offset),
    checksum: headerChecksum(bytes, offset),
  };
}

export function byteLength(_record: UdpRecord): number {
  return HEADER_LENGTH;
}

export function emit(record: UdpRecord, bytes: Uint8Array, offset: number): void {
  writeU16(bytes, offset, record.srcPort);
  writeU16(bytes, offset + 2, record.dstPort);
  writeU16(bytes, offset + 4, record.length);
  writeU16(bytes, offset + CHECKSUM_AT, record.checksum);
}
