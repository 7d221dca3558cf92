/**
 * IPv6's fixed header (RFC 8200 section 3). Extension headers are ipv6-ext.ts. There is no header checksum; whoever
 * changes an address updates the transport's (pseudo header).
 *
 *      0                        4              6           7         8              24             40
 *     ┌────────────────────────┬──────────────┬───────────┬─────────┬──────────────┬──────────────┐
 *     │version, class, flow    │payload length│next header│hop limit│ source (16)  │ dest. (16)   │
 *     └────────────────────────┴──────────────┴───────────┴─────────┴──────────────┴──────────────┘
 */
import { copyBytes, readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

export const HEADER_LENGTH = 40;
/** Smallest MTU of an IPv6 link (RFC 8200 section 5). */
export const MIN_MTU = 1280;
/** Largest payload without the jumbo option. */
export const MAX_PAYLOAD_LENGTH = 65535;
/** Offsets of the addresses in the header. */
export const SRC_AT = 8;
export const DST_AT = 24;

/** OK and CUT promise a whole fixed header. A payload length of 0 counts as OK: it is a jumbogram, or empty. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  if (version(bytes, offset) !== 6) return WireStatus.BAD_VERSION;
  return offset + HEADER_LENGTH + payloadLength(bytes, offset) > end ? WireStatus.CUT : WireStatus.OK;
}

export function version(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! >>> 4;
}

export function trafficClass(bytes: Uint8Array, offset: number): number {
  return (readU16(bytes, offset) >>> 4) & 0xff;
}

export function dscp(bytes: Uint8Array, offset: number): number {
  return trafficClass(bytes, offset) >>> 2;
}

export function ecn(bytes: Uint8Array, offset: number): number {
  return trafficClass(bytes, offset) & 3;
}

export function flowLabel(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset) & 0xfffff;
}

export function payloadLength(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 4);
}

export function nextHeader(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 6]!;
}

export function hopLimit(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 7]!;
}

/** Word 0–3 of the source address, most significant first. */
export function srcWord(bytes: Uint8Array, offset: number, index: number): number {
  return readI32(bytes, offset + SRC_AT + 4 * index);
}

export function dstWord(bytes: Uint8Array, offset: number, index: number): number {
  return readI32(bytes, offset + DST_AT + 4 * index);
}

export function setTrafficClass(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, (readU16(bytes, offset) & 0xf00f) | ((value & 0xff) << 4));
}

export function setDscp(bytes: Uint8Array, offset: number, value: number): void {
  setTrafficClass(bytes, offset, (value << 2) | ecn(bytes, offset));
}

export function setFlowLabel(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, (readI32(bytes, offset) & ~0xfffff) | (value & 0xfffff));
}

export function setPayloadLength(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset + 4, value);
}

export function setNextHeader(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset + 6] = value;
}

export function setHopLimit(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset + 7] = value;
}

/** Writes an address at the absolute offset `at` (`l3 + SRC_AT`, `l3 + DST_AT`). */
export function writeAddress(
  bytes: Uint8Array,
  at: number,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
): void {
  writeU32(bytes, at, word0);
  writeU32(bytes, at + 4, word1);
  writeU32(bytes, at + 8, word2);
  writeU32(bytes, at + 12, word3);
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Ipv6Record {
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  /** Sixteen bytes each. */
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
}

export function parse(bytes: Uint8Array, offset: number, end: number): Ipv6Record | undefined {
  const status = check(bytes, offset, end);
  if (status !== WireStatus.OK && status !== WireStatus.CUT) return undefined;
  return {
    trafficClass: trafficClass(bytes, offset),
    flowLabel: flowLabel(bytes, offset),
    payloadLength: payloadLength(bytes, offset),
    nextHeader: nextHeader(bytes, offset),
    hopLimit: hopLimit(bytes, offset),
    src: bytes.slice(offset + SRC_AT, offset + DST_AT),
    dst: bytes.slice(offset + DST_AT, offset + HEADER_LENGTH),
  };
}

export function byteLength(_record: Ipv6Record): number {
  return HEADER_LENGTH;
}

export function emit(record: Ipv6Record, bytes: Uint8Array, offset: number): void {
  writeU32(bytes, offset, 0x60000000 | ((record.trafficClass & 0xff) << 20) | (record.flowLabel & 0xfffff));
  writeU16(bytes, offset + 4, record.payloadLength);
  bytes[offset + 6] = record.nextHeader;
  bytes[offset + 7] = record.hopLimit;
  copyBytes(record.src, 0, bytes, offset + SRC_AT, 16);
  copyBytes(record.dst, 0, bytes, offset + DST_AT, 16);
}
