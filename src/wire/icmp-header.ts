/**
 * The eight bytes that every message of ICMP (RFC 792) and ICMPv6 (RFC 4443) begins with: type, code, checksum, and four
 * whose meaning the type decides. An error carries the packet that caused it behind them.
 */
import { readI32, readU16, writeU16 } from './bytes.ts';
import { updateWord32 } from './checksum.ts';
import { WireStatus } from './wire-status.ts';

export const HEADER_LENGTH = 8;
export const CHECKSUM_AT = 2;

export function check(offset: number, end: number): WireStatus {
  return offset + HEADER_LENGTH > end ? WireStatus.SHORT : WireStatus.OK;
}

export function type(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!;
}

export function code(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

export function headerChecksum(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + CHECKSUM_AT);
}

/** Identifier of queries and their replies (echo, timestamp, information, address mask). */
export function id(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 4);
}

export function sequence(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 6);
}

/** The four bytes behind the checksum as one word: identifier and sequence, pointer, or unused. */
export function rest(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4);
}

/** Offset of the packet inside an error. */
export function innerAt(offset: number): number {
  return offset + HEADER_LENGTH;
}

export function setChecksum(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset + CHECKSUM_AT, value);
}

/** Changes the identifier and updates the checksum, as Linux's NAT does. */
export function setId(bytes: Uint8Array, offset: number, value: number): void {
  setChecksum(bytes, offset, updateWord32(headerChecksum(bytes, offset), id(bytes, offset), value));
  writeU16(bytes, offset + 4, value);
}
