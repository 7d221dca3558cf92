/**
 * UDP-Lite (RFC 3828): UDP whose length field says how many bytes the checksum covers. 0 means all; 1 to 7 are illegal,
 * and so is more than the datagram has. There is no "no checksum": a 0 is wrong, a computed 0 is sent as 0xffff.
 */
import { fold, sum } from './checksum.ts';
import { readU16, writeU16 } from './bytes.ts';
import * as udp from './udp.ts';
import { WireStatus } from './wire-status.ts';

export const HEADER_LENGTH = 8;
export const CHECKSUM_AT = 6;
/** Smallest coverage but 0. */
export const MIN_COVERAGE = 8;

export { dstPort, headerChecksum, mangleZero, setChecksum, srcPort } from './udp.ts';

/** OK when the header is whole and the coverage legal. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  const covered = coverage(bytes, offset);
  return covered !== 0 && (covered < MIN_COVERAGE || offset + covered > end)
    ? WireStatus.BAD_LENGTH
    : WireStatus.OK;
}

/** In bytes, as it stands; 0 means all. */
export function coverage(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 4);
}

/** One past the last covered byte. */
export function coveredEnd(bytes: Uint8Array, offset: number, end: number): number {
  const covered = coverage(bytes, offset);
  return covered === 0 ? end : Math.min(end, offset + covered);
}

/** Computes the checksum anew and stores it; `pseudo` is the pseudo header's sum with the whole datagram's length. */
export function fillChecksum(bytes: Uint8Array, offset: number, end: number, pseudo: number): void {
  writeU16(bytes, offset + CHECKSUM_AT, 0);
  const total = sum(bytes, offset, coveredEnd(bytes, offset, end), pseudo);
  udp.setChecksum(bytes, offset, udp.mangleZero(~fold(total) & 0xffff));
}

// A record is UDP's, with the coverage in the place of the length: udp.parse and udp.emit serve both.
