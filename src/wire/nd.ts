/**
 * Neighbour discovery (RFC 4861): what stands in the five ICMPv6 messages 133–137 behind type, code and checksum, and
 * their options. Offsets are those of the ICMPv6 header. `check` holds the length rules of RFC 4861 sections 6.1, 7.1
 * and 8.1; hop limit 255, code 0 and the checksum are the receiver's to verify.
 */
import * as icmpv6 from './icmpv6.ts';
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

/** Fixed bytes of each message, ICMPv6 header included. */
export const ROUTER_SOLICITATION_LENGTH = 8;
export const ROUTER_ADVERTISEMENT_LENGTH = 16;
export const NEIGHBOUR_LENGTH = 24;
export const REDIRECT_LENGTH = 40;

/** Hop limit that every message must arrive with: no router has touched it. */
export const HOP_LIMIT = 255;

/** Flags of a neighbour advertisement, in the 32-bit word at offset 4. */
export const NA_ROUTER = 0x80000000 | 0;
export const NA_SOLICITED = 0x40000000;
export const NA_OVERRIDE = 0x20000000;

/** Flags of a router advertisement, in the byte at offset 5. */
export const RA_MANAGED = 0x80;
export const RA_OTHER = 0x40;

/** Option types (IANA "IPv6 Neighbor Discovery Option Formats"). */
export const OPTION_SOURCE_LINK_ADDRESS = 1;
export const OPTION_TARGET_LINK_ADDRESS = 2;
export const OPTION_PREFIX_INFORMATION = 3;
export const OPTION_REDIRECTED_HEADER = 4;
export const OPTION_MTU = 5;
export const OPTION_NONCE = 14;
export const OPTION_ROUTE_INFORMATION = 24;
export const OPTION_RDNSS = 25;
export const OPTION_DNSSL = 31;

/** Flags of prefix information, in the byte at offset 3 of the option. */
export const PREFIX_ON_LINK = 0x80;
export const PREFIX_AUTONOMOUS = 0x40;

export function isNd(type: number): boolean {
  return type >= icmpv6.ROUTER_SOLICITATION && type <= icmpv6.REDIRECT;
}

/** Fixed bytes of a message of that type, 0 for others. */
export function fixedLength(type: number): number {
  switch (type) {
    case icmpv6.ROUTER_SOLICITATION:
      return ROUTER_SOLICITATION_LENGTH;
    case icmpv6.ROUTER_ADVERTISEMENT:
      return ROUTER_ADVERTISEMENT_LENGTH;
    case icmpv6.NEIGHBOUR_SOLICITATION:
    case icmpv6.NEIGHBOUR_ADVERTISEMENT:
      return NEIGHBOUR_LENGTH;
    case icmpv6.REDIRECT:
      return REDIRECT_LENGTH;
    default:
      return 0;
  }
}

/** OK when the fixed part is whole and every option has a length that is not 0 and stays inside `end`. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + icmpv6.HEADER_LENGTH > end) return WireStatus.SHORT;
  const fixed = fixedLength(icmpv6.type(bytes, offset));
  if (fixed === 0) return WireStatus.BAD_VERSION;
  if (offset + fixed > end) return WireStatus.SHORT;
  let at = offset + fixed;
  let length = 0;
  while ((length = optionLength(bytes, at, end)) > 0) at += length;
  return length < 0 ? WireStatus.BAD_LENGTH : WireStatus.OK;
}

/** Offset of the 16 bytes of the target, in neighbour messages and redirects. */
export function targetAt(offset: number): number {
  return offset + 8;
}

/** Word 0–3 of the target address. */
export function targetWord(bytes: Uint8Array, offset: number, index: number): number {
  return readI32(bytes, offset + 8 + 4 * index);
}

/** Of a redirect: word 0–3 of the destination that the target serves. */
export function redirectWord(bytes: Uint8Array, offset: number, index: number): number {
  return readI32(bytes, offset + 24 + 4 * index);
}

/** NA_ROUTER, NA_SOLICITED, NA_OVERRIDE. */
export function naFlags(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4);
}

export function raHopLimit(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 4]!;
}

export function raFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 5]!;
}

/** In seconds; 0 says that this is no default router. */
export function raLifetime(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 6);
}

/** In milliseconds, 0 for unspecified. */
export function raReachableTime(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 8) >>> 0;
}

/** In milliseconds, 0 for unspecified. */
export function raRetransmitTimer(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 12) >>> 0;
}

// ── Options: type, length in units of eight bytes, data ─────────────────────────────────────────────────────────────

export function optionsStart(bytes: Uint8Array, offset: number): number {
  return offset + fixedLength(icmpv6.type(bytes, offset));
}

/** Bytes of the option at `at`; 0 at the end; -1 for a length of 0 (RFC 4861 4.6: discard the packet) or past `end`. */
export function optionLength(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  if (at + 2 > end) return -1;
  const length = bytes[at + 1]! << 3;
  return length === 0 || at + length > end ? -1 : length;
}

/** Offset of the first option of that type, or -1. */
export function findOption(bytes: Uint8Array, offset: number, end: number, type: number): number {
  let at = optionsStart(bytes, offset);
  for (let n = 0; (n = optionLength(bytes, at, end)) > 0; at += n) if (bytes[at] === type) return at;
  return -1;
}

/** Offset of the Ethernet address in a link-layer address option of that type, or -1. */
export function linkAddressAt(bytes: Uint8Array, offset: number, end: number, type: number): number {
  const at = findOption(bytes, offset, end, type);
  return at < 0 ? -1 : at + 2;
}

// ── Emission ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Writes a neighbour solicitation or advertisement with one link-layer address option, checksum 0; 32 bytes. `flags` is
 * 0 in a solicitation. The target's bytes and the MAC's are taken from where they stand.
 */
export function writeNeighbour(
  bytes: Uint8Array,
  offset: number,
  type: number,
  flags: number,
  target: Uint8Array,
  targetOffset: number,
  mac: Uint8Array,
  macOffset: number,
): void {
  bytes[offset] = type;
  bytes[offset + 1] = 0;
  writeU16(bytes, offset + 2, 0);
  writeU32(bytes, offset + 4, flags);
  for (let i = 0; i < 16; i++) bytes[offset + 8 + i] = target[targetOffset + i]!;
  bytes[offset + 24] =
    type === icmpv6.NEIGHBOUR_SOLICITATION ? OPTION_SOURCE_LINK_ADDRESS : OPTION_TARGET_LINK_ADDRESS;
  bytes[offset + 25] = 1;
  for (let i = 0; i < 6; i++) bytes[offset + 26 + i] = mac[macOffset + i]!;
}

/** Bytes that `writeNeighbour` writes. */
export const NEIGHBOUR_WITH_ADDRESS_LENGTH = NEIGHBOUR_LENGTH + 8;

// ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** One option: `data` is all behind type and length (6 + 8n bytes). */
export interface NdOptionRecord {
  readonly type: number;
  readonly data: Uint8Array;
}

/** A whole message behind the ICMPv6 header: the fixed bytes beyond the eight of icmpv6.ts, and the options. */
export interface NdRecord {
  readonly body: Uint8Array;
  readonly options: readonly NdOptionRecord[];
}

export function parse(bytes: Uint8Array, offset: number, end: number): NdRecord | undefined {
  if (check(bytes, offset, end) !== WireStatus.OK) return undefined;
  const options: NdOptionRecord[] = [];
  const start = optionsStart(bytes, offset);
  for (let at = start, n = 0; (n = optionLength(bytes, at, end)) > 0; at += n) {
    options.push({ type: bytes[at]!, data: bytes.slice(at + 2, at + n) });
  }
  return { body: bytes.slice(offset + icmpv6.HEADER_LENGTH, start), options };
}

/** Bytes behind the eight of the ICMPv6 header. */
export function byteLength(record: NdRecord): number {
  let length = record.body.length;
  for (const option of record.options) length += (option.data.length + 2 + 7) & ~7;
  return length;
}

/** Writes at the offset of the ICMPv6 header, behind its eight bytes; data are padded with zeros to eight bytes. */
export function emit(record: NdRecord, bytes: Uint8Array, offset: number): void {
  let at = offset + icmpv6.HEADER_LENGTH;
  bytes.set(record.body, at);
  at += record.body.length;
  for (const option of record.options) {
    const length = (option.data.length + 2 + 7) & ~7;
    bytes[at] = option.type;
    bytes[at + 1] = length >>> 3;
    bytes.set(option.data, at + 2);
    bytes.fill(0, at + 2 + option.data.length, at + length);
    at += length;
  }
}
