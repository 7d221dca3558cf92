/**
 * Ethernet: the 14 bytes of Ethernet II (RFC 894) and of IEEE 802.3, and the LLC and SNAP headers (802.2, RFC 1042) which
 * may follow the latter. Tags are vlan.ts. Linux hands 802.3 frames to its LLC code, never to IP, whatever SNAP says;
 * hence `dissect` stops at them, and the SNAP accessors serve what prints and what bridges.
 *
 *      0           6           12     14
 *     ┌───────────┬───────────┬──────┬─────────
 *     │destination│  source   │ type │ data …          type ≥ 1536; below, it is the length of the data
 *     └───────────┴───────────┴──────┴─────────
 */
import { ETH_P_802_3_MIN } from './ether-type.ts';
import { copyBytes, readU16, readU24, writeU16 } from './bytes.ts';

export const HEADER_LENGTH = 14;
export const ADDRESS_LENGTH = 6;
/** Smallest frame without its check sequence; shorter ones are padded by the sender. */
export const MIN_FRAME_LENGTH = 60;

export const LLC_HEADER_LENGTH = 3;
export const SNAP_HEADER_LENGTH = 8;
const LLC_SAP_SNAP = 0xaa;
const LLC_UNNUMBERED_INFORMATION = 0x03;

export function fits(offset: number, end: number): boolean {
  return offset + HEADER_LENGTH <= end;
}

/** EtherType, or below 1536 the length of 802.3. */
export function type(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 12);
}

export function setType(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset + 12, value);
}

/** True for 802.3 (type field is a length). */
export function isLength(typeField: number): boolean {
  return typeField < ETH_P_802_3_MIN;
}

/** An address in two small integers: the first two bytes, and the last four (signed). */
export function dstHigh(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset);
}

export function dstLow(bytes: Uint8Array, offset: number): number {
  return (readU16(bytes, offset + 2) << 16) | readU16(bytes, offset + 4);
}

export function srcHigh(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 6);
}

export function srcLow(bytes: Uint8Array, offset: number): number {
  return (readU16(bytes, offset + 8) << 16) | readU16(bytes, offset + 10);
}

/** Copies six bytes of an address to the destination field. */
export function setDst(bytes: Uint8Array, offset: number, from: Uint8Array, fromOffset: number): void {
  copyBytes(from, fromOffset, bytes, offset, ADDRESS_LENGTH);
}

export function setSrc(bytes: Uint8Array, offset: number, from: Uint8Array, fromOffset: number): void {
  copyBytes(from, fromOffset, bytes, offset + ADDRESS_LENGTH, ADDRESS_LENGTH);
}

// The functions below take the offset of an address, not of the header.

/** The group bit: multicast and broadcast. */
export function isMulticast(bytes: Uint8Array, at: number): boolean {
  return (bytes[at]! & 1) !== 0;
}

export function isBroadcast(bytes: Uint8Array, at: number): boolean {
  return readU24(bytes, at) === 0xffffff && readU24(bytes, at + 3) === 0xffffff;
}

export function isZero(bytes: Uint8Array, at: number): boolean {
  return readU24(bytes, at) === 0 && readU24(bytes, at + 3) === 0;
}

export function sameAddress(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  return (
    a[aAt + 5] === b[bAt + 5] &&
    a[aAt + 4] === b[bAt + 4] &&
    a[aAt + 3] === b[bAt + 3] &&
    a[aAt + 2] === b[bAt + 2] &&
    a[aAt + 1] === b[bAt + 1] &&
    a[aAt] === b[bAt]
  );
}

// ── 802.2 LLC and SNAP, at the offset of the LLC header ───────────────────────────────────────────────────────────

export function llcDsap(bytes: Uint8Array, at: number): number {
  return bytes[at]!;
}

export function llcSsap(bytes: Uint8Array, at: number): number {
  return bytes[at + 1]!;
}

export function llcControl(bytes: Uint8Array, at: number): number {
  return bytes[at + 2]!;
}

/** True when a whole SNAP header stands here (both access points AA, unnumbered information). */
export function isSnap(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    at + SNAP_HEADER_LENGTH <= end &&
    bytes[at] === LLC_SAP_SNAP &&
    bytes[at + 1] === LLC_SAP_SNAP &&
    bytes[at + 2] === LLC_UNNUMBERED_INFORMATION
  );
}

export function snapOui(bytes: Uint8Array, at: number): number {
  return readU24(bytes, at + 3);
}

/** With organisation code 0 an EtherType (RFC 1042). */
export function snapType(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 6);
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface EthernetRecord {
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  readonly type: number;
}

export function parse(bytes: Uint8Array, offset: number, end: number): EthernetRecord | undefined {
  if (!fits(offset, end)) return undefined;
  return {
    dst: bytes.slice(offset, offset + 6),
    src: bytes.slice(offset + 6, offset + 12),
    type: type(bytes, offset),
  };
}

export function byteLength(_record: EthernetRecord): number {
  return HEADER_LENGTH;
}

export function emit(record: EthernetRecord, bytes: Uint8Array, offset: number): void {
  setDst(bytes, offset, record.dst, 0);
  setSrc(bytes, offset, record.src, 0);
  setType(bytes, offset, record.type);
}
