/**
 * IPv4 (RFC 791; DSCP and ECN: RFC 2474, RFC 3168). Accessors, options, the header checksum, setters that keep the
 * checksum true by update. Once `check` said OK or CUT, no accessor can leave the buffer.
 *
 *      0        1        2                 4        6            8     9          10         12    16
 *     ┌────────┬────────┬─────────────────┬────────┬────────────┬─────┬──────────┬──────────┬─────┬─────┬─────────
 *     │ver, ihl│  tos   │  total length   │   id   │flags, frag │ ttl │ protocol │ checksum │ src │ dst │ options
 *     └────────┴────────┴─────────────────┴────────┴────────────┴─────┴──────────┴──────────┴─────┴─────┴─────────
 */
import { checksum, updateWord16, updateWord32 } from './checksum.ts';
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

export { findOption, optionLength } from './options.ts';

/** Bytes without options, and at most (ihl 15). */
export const HEADER_LENGTH = 20;
export const MAX_HEADER_LENGTH = 60;
/** Smallest MTU of an IPv4 link (RFC 791 3.2), and the largest datagram. */
export const MIN_MTU = 68;
export const MAX_LENGTH = 65535;

/** Bits of the 16-bit word at offset 6. */
export const FLAG_RESERVED = 0x8000;
export const FLAG_DF = 0x4000;
export const FLAG_MF = 0x2000;
export const FRAG_OFFSET_MASK = 0x1fff;

/** Option kinds (IANA "IP Option Numbers"). */
export const OPTION_RECORD_ROUTE = 7;
export const OPTION_TIMESTAMP = 68;
export const OPTION_SECURITY = 130;
export const OPTION_LSRR = 131;
export const OPTION_CIPSO = 134;
export const OPTION_SSRR = 137;
export const OPTION_ROUTER_ALERT = 148;
/** An option whose kind has this bit is copied into every fragment (RFC 791 3.1). */
export const OPTION_COPIED = 0x80;

/** What ip_rcv asks of lengths, without the checksum. OK and CUT promise a whole header before `end`. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  if (version(bytes, offset) !== 4) return WireStatus.BAD_VERSION;
  const header = headerLength(bytes, offset);
  if (header < HEADER_LENGTH || offset + header > end) return WireStatus.BAD_IHL;
  const total = totalLength(bytes, offset);
  if (total < header) return WireStatus.BAD_LENGTH;
  return offset + total > end ? WireStatus.CUT : WireStatus.OK;
}

export function version(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! >>> 4;
}

/** In bytes: four times the ihl field. */
export function headerLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! & 0xf) << 2;
}

export function tos(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

export function dscp(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]! >>> 2;
}

export function ecn(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]! & 3;
}

export function totalLength(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 2);
}

export function id(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 4);
}

/** Flags and fragment offset as one 16-bit word (Linux: frag_off). */
export function fragWord(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 6);
}

/** In bytes. */
export function fragOffset(bytes: Uint8Array, offset: number): number {
  return (readU16(bytes, offset + 6) & FRAG_OFFSET_MASK) << 3;
}

export function dontFragment(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 6]! & 0x40) !== 0;
}

export function moreFragments(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 6]! & 0x20) !== 0;
}

/** True for every piece of a fragmented datagram, the first included. */
export function isFragment(bytes: Uint8Array, offset: number): boolean {
  return (readU16(bytes, offset + 6) & (FLAG_MF | FRAG_OFFSET_MASK)) !== 0;
}

export function ttl(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 8]!;
}

export function protocol(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 9]!;
}

export function headerChecksum(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 10);
}

export function src(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 12);
}

export function dst(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 16);
}

// ── Checksum ────────────────────────────────────────────────────────────────────────────────────────────────────

export function checksumOk(bytes: Uint8Array, offset: number): boolean {
  return checksum(bytes, offset, offset + headerLength(bytes, offset), 0) === 0;
}

/** Computes the header checksum anew and stores it. */
export function fillChecksum(bytes: Uint8Array, offset: number): void {
  writeU16(bytes, offset + 10, 0);
  writeU16(bytes, offset + 10, checksum(bytes, offset, offset + headerLength(bytes, offset), 0));
}

// ── Setters: each changes its field and updates the header checksum (RFC 1624) ───────────────────────────────────────

function replace16(bytes: Uint8Array, offset: number, at: number, value: number): void {
  const check = updateWord16(readU16(bytes, offset + 10), readU16(bytes, at), value);
  writeU16(bytes, at, value);
  writeU16(bytes, offset + 10, check);
}

function replace32(bytes: Uint8Array, offset: number, at: number, value: number): void {
  const check = updateWord32(readU16(bytes, offset + 10), readI32(bytes, at), value);
  writeU32(bytes, at, value);
  writeU16(bytes, offset + 10, check);
}

export function setTos(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset, (bytes[offset]! << 8) | (value & 0xff));
}

export function setDscp(bytes: Uint8Array, offset: number, value: number): void {
  setTos(bytes, offset, (value << 2) | ecn(bytes, offset));
}

export function setTotalLength(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset + 2, value);
}

export function setId(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset + 4, value);
}

/** Flags and fragment offset (in units of 8 bytes) as one word. */
export function setFragWord(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset + 6, value);
}

export function setTtl(bytes: Uint8Array, offset: number, value: number): void {
  replace16(bytes, offset, offset + 8, (value << 8) | bytes[offset + 9]!);
}

export function setSrc(bytes: Uint8Array, offset: number, value: number): void {
  replace32(bytes, offset, offset + 12, value);
}

export function setDst(bytes: Uint8Array, offset: number, value: number): void {
  replace32(bytes, offset, offset + 16, value);
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Ipv4Record {
  readonly tos: number;
  readonly totalLength: number;
  readonly id: number;
  /** Flags (FLAG_DF …) as they stand in the word; the fragment offset apart, in bytes. */
  readonly flags: number;
  readonly fragOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly checksum: number;
  readonly src: number;
  readonly dst: number;
  /** The option area, padded to a multiple of four bytes. */
  readonly options: Uint8Array;
}

export function parse(bytes: Uint8Array, offset: number, end: number): Ipv4Record | undefined {
  const status = check(bytes, offset, end);
  if (status !== WireStatus.OK && status !== WireStatus.CUT) return undefined;
  return {
    tos: tos(bytes, offset),
    totalLength: totalLength(bytes, offset),
    id: id(bytes, offset),
    flags: fragWord(bytes, offset) & ~FRAG_OFFSET_MASK,
    fragOffset: fragOffset(bytes, offset),
    ttl: ttl(bytes, offset),
    protocol: protocol(bytes, offset),
    checksum: headerChecksum(bytes, offset),
    src: src(bytes, offset),
    dst: dst(bytes, offset),
    options: bytes.slice(offset + HEADER_LENGTH, offset + headerLength(bytes, offset)),
  };
}

export function byteLength(record: Pick<Ipv4Record, 'options'>): number {
  return HEADER_LENGTH + ((record.options.length + 3) & ~3);
}

export function emit(record: Ipv4Record, bytes: Uint8Array, offset: number): void {
  const header = byteLength(record);
  bytes[offset] = 0x40 | (header >>> 2);
  bytes[offset + 1] = record.tos;
  writeU16(bytes, offset + 2, record.totalLength);
  writeU16(bytes, offset + 4, record.id);
  writeU16(bytes, offset + 6, record.flags | (record.fragOffset >>> 3));
  bytes[offset + 8] = record.ttl;
  bytes[offset + 9] = record.protocol;
  writeU16(bytes, offset + 10, record.checksum);
  writeU32(bytes, offset + 12, record.src);
  writeU32(bytes, offset + 16, record.dst);
  bytes.set(record.options, offset + HEADER_LENGTH);
  bytes.fill(0, offset + HEADER_LENGTH + record.options.length, offset + header);
}
