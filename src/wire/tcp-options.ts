/**
 * TCP's options (IANA "TCP Option Kind Numbers"): MSS (RFC 9293 3.7.1), window scale and timestamps (RFC 7323), SACK
 * (RFC 2018). Offsets are those of the TCP header; every walk stops at a broken option and at the header's end, which
 * itself may lie: it is clamped to `end`.
 */
import { findOption, OPTION_END, OPTION_NOP, optionLength, type OptionRecord } from './options.ts';
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import * as tcp from './tcp.ts';

export { OPTION_END, OPTION_NOP, optionLength };

export const MSS = 2;
export const WINDOW_SCALE = 3;
export const SACK_PERMITTED = 4;
export const SACK = 5;
export const TIMESTAMPS = 8;
export const MD5 = 19;
export const USER_TIMEOUT = 28;
export const AUTHENTICATION = 29;
export const MPTCP = 30;
export const FAST_OPEN = 34;

/** Lengths in bytes, kind and length included. */
export const MSS_LENGTH = 4;
export const WINDOW_SCALE_LENGTH = 3;
export const SACK_PERMITTED_LENGTH = 2;
export const TIMESTAMPS_LENGTH = 10;
/** Largest shift that counts (RFC 7323 2.3). */
export const MAX_WINDOW_SCALE = 14;
/** What a sender may assume of a peer that named no MSS (RFC 9293 3.7.1). */
export const DEFAULT_MSS = 536;

/** Offset of the first option. */
export function start(offset: number): number {
  return offset + tcp.HEADER_LENGTH;
}

/** One past the last option byte: the stated end of the header, but never past `segmentEnd`. */
export function end(bytes: Uint8Array, offset: number, segmentEnd: number): number {
  return Math.min(offset + tcp.headerLength(bytes, offset), segmentEnd);
}

/** Offset of the first option of that kind, or -1. */
export function find(bytes: Uint8Array, offset: number, segmentEnd: number, kind: number): number {
  return findOption(bytes, start(offset), end(bytes, offset, segmentEnd), kind);
}

function findExact(
  bytes: Uint8Array,
  offset: number,
  segmentEnd: number,
  kind: number,
  length: number,
): number {
  const at = find(bytes, offset, segmentEnd, kind);
  return at >= 0 && bytes[at + 1] === length ? at : -1;
}

/** The MSS announced, or -1. */
export function mss(bytes: Uint8Array, offset: number, segmentEnd: number): number {
  const at = findExact(bytes, offset, segmentEnd, MSS, MSS_LENGTH);
  return at < 0 ? -1 : readU16(bytes, at + 2);
}

/** The shift announced, as it stands (it may exceed 14), or -1. */
export function windowScale(bytes: Uint8Array, offset: number, segmentEnd: number): number {
  const at = findExact(bytes, offset, segmentEnd, WINDOW_SCALE, WINDOW_SCALE_LENGTH);
  return at < 0 ? -1 : bytes[at + 2]!;
}

export function sackPermitted(bytes: Uint8Array, offset: number, segmentEnd: number): boolean {
  return findExact(bytes, offset, segmentEnd, SACK_PERMITTED, SACK_PERMITTED_LENGTH) >= 0;
}

/** Offset of a timestamps option of the right length, or -1. */
export function timestampsAt(bytes: Uint8Array, offset: number, segmentEnd: number): number {
  return findExact(bytes, offset, segmentEnd, TIMESTAMPS, TIMESTAMPS_LENGTH);
}

// Of the option at `at`, found before:

export function timestampValue(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at + 2);
}

export function timestampEcho(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at + 6);
}

/** Whole blocks in the SACK option at `at`. */
export function sackBlocks(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1]! - 2) >> 3;
}

export function sackLeft(bytes: Uint8Array, at: number, block: number): number {
  return readI32(bytes, at + 2 + 8 * block);
}

export function sackRight(bytes: Uint8Array, at: number, block: number): number {
  return readI32(bytes, at + 6 + 8 * block);
}

// ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** All options up to the end of the list or the first broken one. */
export function parse(bytes: Uint8Array, offset: number, segmentEnd: number): OptionRecord[] {
  const options: OptionRecord[] = [];
  const last = end(bytes, offset, segmentEnd);
  for (let at = start(offset), n = 0; (n = optionLength(bytes, at, last)) > 0; at += n) {
    options.push({ kind: bytes[at]!, data: bytes.slice(at + Math.min(n, 2), at + n) });
  }
  return options;
}

export function byteLength(options: readonly OptionRecord[]): number {
  let length = 0;
  for (const option of options) length += option.kind === OPTION_NOP ? 1 : 2 + option.data.length;
  return length;
}

/** The option area of a TcpRecord; the header pads it with zeros, which are "end of list". */
export function encode(options: readonly OptionRecord[]): Uint8Array {
  const bytes = new Uint8Array(byteLength(options));
  let at = 0;
  for (const option of options) {
    bytes[at++] = option.kind;
    if (option.kind === OPTION_NOP) continue;
    bytes[at++] = 2 + option.data.length;
    bytes.set(option.data, at);
    at += option.data.length;
  }
  return bytes;
}

export const nop: OptionRecord = { kind: OPTION_NOP, data: new Uint8Array(0) };

export function mssOption(value: number): OptionRecord {
  const data = new Uint8Array(2);
  writeU16(data, 0, value);
  return { kind: MSS, data };
}

export function windowScaleOption(shift: number): OptionRecord {
  return { kind: WINDOW_SCALE, data: Uint8Array.of(shift) };
}

export const sackPermittedOption: OptionRecord = { kind: SACK_PERMITTED, data: new Uint8Array(0) };

export function timestampsOption(value: number, echo: number): OptionRecord {
  const data = new Uint8Array(8);
  writeU32(data, 0, value);
  writeU32(data, 4, echo);
  return { kind: TIMESTAMPS, data };
}

/** Pairs of left and right edge. */
export function sackOption(...blocks: readonly (readonly [left: number, right: number])[]): OptionRecord {
  const data = new Uint8Array(8 * blocks.length);
  blocks.forEach(([left, right], index) => {
    writeU32(data, 8 * index, left);
    writeU32(data, 8 * index + 4, right);
  });
  return { kind: SACK, data };
}
