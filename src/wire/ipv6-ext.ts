/**
 * IPv6 extension headers (RFC 8200 section 4): which numbers are one, how long each is, the fragment header, the routing
 * header's fixed part, the options of hop-by-hop and destination headers, and the search for one kind of header as Linux's
 * ipv6_find_hdr does it. Every header is at least eight bytes long, so a walk ends after (bytes / 8) steps at the latest.
 *
 * Walking to the transport header, with what rules and connection tracking need of it, is `dissectNetwork`.
 */
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
} from './ip-protocol.ts';
import * as ipv6 from './ipv6.ts';

/** Every extension header but the fragment header is a multiple of this; that one is exactly so long. */
export const MIN_LENGTH = 8;
export const FRAGMENT_LENGTH = 8;

/** Option types (IANA "Destination Options and Hop-by-Hop Options"). */
export const OPTION_PAD1 = 0;
export const OPTION_PADN = 1;
export const OPTION_ROUTER_ALERT = 5;
export const OPTION_JUMBO = 0xc2;

/** What Linux walks over (ipv6_ext_hdr). ESP is not among them: what follows it is encrypted. */
export function isExtension(nextHeader: number): boolean {
  return (
    nextHeader === IPPROTO_HOPOPTS ||
    nextHeader === IPPROTO_ROUTING ||
    nextHeader === IPPROTO_FRAGMENT ||
    nextHeader === IPPROTO_AH ||
    nextHeader === IPPROTO_NONE ||
    nextHeader === IPPROTO_DSTOPTS
  );
}

/** Bytes of the extension header of that kind at `at`; two bytes must be readable. */
export function headerLength(bytes: Uint8Array, at: number, kind: number): number {
  if (kind === IPPROTO_FRAGMENT) return FRAGMENT_LENGTH;
  if (kind === IPPROTO_AH) return (bytes[at + 1]! + 2) << 2;
  return (bytes[at + 1]! + 1) << 3;
}

export function nextHeader(bytes: Uint8Array, at: number): number {
  return bytes[at]!;
}

/** What findHeader returns where there is no such header, and where the chain leaves the datagram before it. */
export const NOT_FOUND = -1;
export const BROKEN = -2;

/**
 * Offset of the first header of that kind in the datagram at `l3`, or a negative number: as ipv6_find_hdr with a target.
 * Behind a later fragment's header there is only data, so nothing is found there.
 */
export function findHeader(bytes: Uint8Array, l3: number, end: number, kind: number): number {
  let next = ipv6.nextHeader(bytes, l3);
  let at = l3 + ipv6.HEADER_LENGTH;
  while (next !== kind) {
    if (!isExtension(next) || next === IPPROTO_NONE) return NOT_FOUND;
    if (at + (next === IPPROTO_FRAGMENT ? 4 : 2) > end) return BROKEN;
    if (next === IPPROTO_FRAGMENT && fragOffset(bytes, at) !== 0) return NOT_FOUND;
    const length = headerLength(bytes, at, next);
    next = bytes[at]!;
    at += length;
  }
  return at <= end ? at : BROKEN;
}

// ── Fragment header (RFC 8200 4.5), at its own offset ─────────────────────────────────────────────────────────────

/** In bytes. */
export function fragOffset(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 2) & 0xfff8;
}

export function moreFragments(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 3]! & 1) !== 0;
}

export function fragId(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at + 4);
}

/** Writes a fragment header; the offset in bytes, a multiple of eight. */
export function writeFragment(
  bytes: Uint8Array,
  at: number,
  next: number,
  offsetBytes: number,
  more: number,
  id: number,
): void {
  bytes[at] = next;
  bytes[at + 1] = 0;
  writeU16(bytes, at + 2, (offsetBytes & 0xfff8) | (more & 1));
  writeU32(bytes, at + 4, id);
}

// ── Routing header (RFC 8200 4.4) ───────────────────────────────────────────────────────────────────────────────

export function routingType(bytes: Uint8Array, at: number): number {
  return bytes[at + 2]!;
}

export function segmentsLeft(bytes: Uint8Array, at: number): number {
  return bytes[at + 3]!;
}

// ── Options of hop-by-hop and destination headers (RFC 8200 4.2) ─────────────────────────────────────────────────────

/** Offset of the first option in the header at `at`. */
export function optionsStart(at: number): number {
  return at + 2;
}

/**
 * Bytes of the option at `at`, type and length included; 0 at the end; -1 when it runs past `end`. Walk as in
 * options.ts: `for (let at = optionsStart(h), n; (n = optionLength(b, at, end)) > 0; at += n)`.
 */
export function optionLength(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  if (bytes[at] === OPTION_PAD1) return 1;
  if (at + 1 >= end) return -1;
  const length = bytes[at + 1]! + 2;
  return at + length > end ? -1 : length;
}

/** Offset of the first option of that type in the hop-by-hop or destination header at `at`, or -1. */
export function findOption(bytes: Uint8Array, at: number, end: number, type: number): number {
  if (at + MIN_LENGTH > end) return -1;
  const last = Math.min(end, at + headerLength(bytes, at, IPPROTO_HOPOPTS));
  for (let option = optionsStart(at), n = 0; (n = optionLength(bytes, option, last)) > 0; option += n) {
    if (bytes[option] === type) return option;
  }
  return -1;
}

/** Length that the jumbo payload option (RFC 2675) of the hop-by-hop header at `at` gives, or 0 for none or a broken one. */
export function jumboLength(bytes: Uint8Array, at: number, end: number): number {
  const option = findOption(bytes, at, end, OPTION_JUMBO);
  if (option < 0 || bytes[option + 1] !== 4) return 0;
  const length = readI32(bytes, option + 2) >>> 0;
  return length > ipv6.MAX_PAYLOAD_LENGTH ? length : 0;
}

// ── Records ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A hop-by-hop, destination or routing header: `data` is all behind the two fixed bytes (6 + 8n bytes). */
export interface ExtensionRecord {
  readonly nextHeader: number;
  readonly data: Uint8Array;
}

export function parse(bytes: Uint8Array, at: number, end: number): ExtensionRecord | undefined {
  if (at + MIN_LENGTH > end) return undefined;
  const length = headerLength(bytes, at, IPPROTO_HOPOPTS);
  if (at + length > end) return undefined;
  return { nextHeader: bytes[at]!, data: bytes.slice(at + 2, at + length) };
}

export function byteLength(record: ExtensionRecord): number {
  return (record.data.length + 2 + 7) & ~7;
}

/** Data that do not fill a multiple of eight bytes are followed by zeros, which are Pad1 options. */
export function emit(record: ExtensionRecord, bytes: Uint8Array, at: number): void {
  const length = byteLength(record);
  bytes[at] = record.nextHeader;
  bytes[at + 1] = (length >>> 3) - 1;
  bytes.set(record.data, at + 2);
  bytes.fill(0, at + 2 + record.data.length, at + length);
}

export interface FragmentRecord {
  readonly nextHeader: number;
  /** In bytes. */
  readonly fragOffset: number;
  readonly moreFragments: boolean;
  readonly id: number;
}

export function parseFragment(bytes: Uint8Array, at: number, end: number): FragmentRecord | undefined {
  if (at + FRAGMENT_LENGTH > end) return undefined;
  return {
    nextHeader: bytes[at]!,
    fragOffset: fragOffset(bytes, at),
    moreFragments: moreFragments(bytes, at),
    id: fragId(bytes, at),
  };
}

export function emitFragment(record: FragmentRecord, bytes: Uint8Array, at: number): void {
  writeFragment(bytes, at, record.nextHeader, record.fragOffset, record.moreFragments ? 1 : 0, record.id);
}
