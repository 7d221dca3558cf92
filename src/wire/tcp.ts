/**
 * TCP's header (RFC 9293 section 3.1; ECN: RFC 3168; AE: RFC 9768). Options have a room of their own, tcp-options.ts.
 * Sequence numbers are signed 32-bit integers: compare them by the sign of a difference, print them `>>> 0`.
 *
 *      0       2       4     8     12         13     14      16        18      20
 *     ┌───────┬───────┬─────┬─────┬──────────┬──────┬───────┬─────────┬───────┬─────────
 *     │srcPort│dstPort│ seq │ ack │offset, AE│ flags│ window│ checksum│ urgent│ options
 *     └───────┴───────┴─────┴─────┴──────────┴──────┴───────┴─────────┴───────┴─────────
 */
import { updateWord16, updateWord32 } from './checksum.ts';
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

/** Bytes without options, and at most (data offset 15). */
export const HEADER_LENGTH = 20;
export const MAX_HEADER_LENGTH = 60;
export const CHECKSUM_AT = 16;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;
/** Accurate ECN (once NS): bit 0 of byte 12, so bit 8 of `flags12`. */
export const AE = 0x100;

/** OK promises a whole header, options included, before `end`. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  const header = headerLength(bytes, offset);
  return header < HEADER_LENGTH || offset + header > end ? WireStatus.BAD_LENGTH : WireStatus.OK;
}

export function srcPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset);
}

export function dstPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 2);
}

export function seq(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4);
}

export function ack(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 8);
}

/** In bytes: four times the data offset field; may be anything from 0 to 60 unless `check` said OK. */
export function headerLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 12]! >>> 4) << 2;
}

/** The eight classic flags. */
export function flags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 13]!;
}

/** The flags with AE and the three reserved bits above them: all 12 bits beside the data offset. */
export function flags12(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 12) & 0xfff;
}

/** As it stands in the header, not scaled. */
export function window(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 14);
}

export function headerChecksum(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + CHECKSUM_AT);
}

export function urgentPointer(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 18);
}

/** Sequence numbers that the segment takes: its data, and one each for SYN and FIN. */
export function sequenceLength(bytes: Uint8Array, offset: number, end: number): number {
  const f = flags(bytes, offset);
  return end - offset - headerLength(bytes, offset) + (f & SYN ? 1 : 0) + (f & FIN ? 1 : 0);
}

/** True when sequence number `a` comes before `b` (RFC 9293 3.4), in the half circle. */
export function seqBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

// ── Setters: each changes its field and updates the checksum ──────────────────────────────────────────────────────

export function setChecksum(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset + CHECKSUM_AT, value);
}

function replace16(bytes: Uint8Array, offset: number, at: number, value: number): void {
  setChecksum(bytes, offset, updateWord16(headerChecksum(bytes, offset), readU16(bytes, at), value));
  writeU16(bytes, at, value);
}

function replace32(bytes: Uint8Array, offset: number, at: number, value: number): void {
  setChecksum(bytes, offset, updateWord32(headerChecksum(bytes, offset), readI32(bytes, at), value));
  writeU32(bytes, at, value);
}

/** Ports are exchanged as Linux's NAT does it, by the 32-bit update. */
function replacePort(bytes: Uint8Array, offset: number, at: number, value: number): void {
  setChecksum(bytes, offset, updateWord32(headerChecksum(bytes, offset), readU16(bytes, at), value));
  writeU16(bytes, at, value);
}

export function setSrcPort(bytes: Uint8Array, offset: number, value: number): void {
  replacePort(bytes, offset, offset, value);
}

export function setDstPort(bytes: Uint8Array, offset: number, value: number): void {
  replacePort(bytes, offset, offset + 2, value);
}

export function setSeq(bytes: Uint8Array, offset: number, value: number): void {
  replace32(bytes, offset, offset + 4, value);
}

export function setAck(bytes: Uint8Array, offset: number, value: number): void {
  replace32(bytes, offset, offset + 8, value);
}

export function setFlags(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset + 12, (bytes[offset + 12]! << 8) | (value & 0xff));
}

export function setWindow(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset + 14, value);
}

export function setUrgentPointer(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset + 18, value);
}

/**
 * Changes one 16-bit number at any offset from the header on, even or odd (options need not be aligned), and updates the
 * checksum: at an odd distance both halves of the number count swapped (RFC 1071 section 2.B).
 */
export function replaceU16(bytes: Uint8Array, offset: number, at: number, value: number): void {
  const before = readU16(bytes, at);
  const odd = ((at - offset) & 1) !== 0;
  setChecksum(
    bytes,
    offset,
    updateWord16(headerChecksum(bytes, offset), odd ? swap(before) : before, odd ? swap(value) : value),
  );
  writeU16(bytes, at, value);
}

/** As `replaceU16`, for 32 bits: timestamps and SACK edges. */
export function replaceU32(bytes: Uint8Array, offset: number, at: number, value: number): void {
  replaceU16(bytes, offset, at, value >>> 16);
  replaceU16(bytes, offset, at + 2, value & 0xffff);
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | ((word >>> 8) & 0xff);
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface TcpRecord {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  /** Twelve bits: see `flags12`. */
  readonly flags: number;
  readonly window: number;
  readonly checksum: number;
  readonly urgentPointer: number;
  /** The option area, padded to a multiple of four bytes. */
  readonly options: Uint8Array;
}

export function parse(bytes: Uint8Array, offset: number, end: number): TcpRecord | undefined {
  if (check(bytes, offset, end) !== WireStatus.OK) return undefined;
  return {
    srcPort: srcPort(bytes, offset),
    dstPort: dstPort(bytes, offset),
    seq: seq(bytes, offset),
    ack: ack(bytes, offset),
    flags: flags12(bytes, offset),
    window: window(bytes, offset),
    checksum: headerChecksum(bytes, offset),
    urgentPointer: urgentPointer(bytes, offset),
    options: bytes.slice(offset + HEADER_LENGTH, offset + headerLength(bytes, offset)),
  };
}

export function byteLength(record: Pick<TcpRecord, 'options'>): number {
  return HEADER_LENGTH + ((record.options.length + 3) & ~3);
}

export function emit(record: TcpRecord, bytes: Uint8Array, offset: number): void {
  const header = byteLength(record);
  writeU16(bytes, offset, record.srcPort);
  writeU16(bytes, offset + 2, record.dstPort);
  writeU32(bytes, offset + 4, record.seq);
  writeU32(bytes, offset + 8, record.ack);
  writeU16(bytes, offset + 12, (header << 10) | (record.flags & 0xfff));
  writeU16(bytes, offset + 14, record.window);
  writeU16(bytes, offset + CHECKSUM_AT, record.checksum);
  writeU16(bytes, offset + 18, record.urgentPointer);
  bytes.set(record.options, offset + HEADER_LENGTH);
  bytes.fill(0, offset + HEADER_LENGTH + record.options.length, offset + header);
}
