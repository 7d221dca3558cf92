/**
 * DCCP (RFC 4340 section 5.1), as far as rules ask: ports, packet type and header length of the generic header. Linux
 * 6.x neither tracks nor translates it; `-m dccp` and multiport read it.
 */
import { readU16 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

/** The generic header with 24-bit sequence numbers (X = 0); with X = 1 it has four bytes more. */
export const HEADER_LENGTH = 12;

/** Packet types. */
export const REQUEST = 0;
export const RESPONSE = 1;
export const DATA = 2;
export const ACK = 3;
export const DATAACK = 4;
export const CLOSEREQ = 5;
export const CLOSE = 6;
export const RESET = 7;
export const SYNC = 8;
export const SYNCACK = 9;

export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  const length = headerLength(bytes, offset);
  return length < HEADER_LENGTH || offset + length > end ? WireStatus.BAD_LENGTH : WireStatus.OK;
}

export function srcPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset);
}

export function dstPort(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 2);
}

/** In bytes, options included: four times the data offset field. */
export function headerLength(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 4]! << 2;
}

export function type(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 8]! >>> 1) & 0xf;
}

/** True when sequence numbers have 48 bits. */
export function extendedSequence(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 8]! & 1) !== 0;
}
