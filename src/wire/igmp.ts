/**
 * IGMP: what IPv4 hosts and routers say of multicast groups (versions 1 and 2: RFC 1112, RFC 2236; 3: RFC 3376). MLD says
 * the same in ICMPv6 (RFC 2710, RFC 3810), with addresses of 16 bytes.
 *
 *     type · maximum response time · checksum · group          of version 3 besides: records of groups
 */
import { checksum } from './checksum.ts';
import { readU16 } from './bytes.ts';

export const HEADER_LENGTH = 8;
export const QUERY = 0x11;
export const V1_REPORT = 0x12;
export const V2_REPORT = 0x16;
export const LEAVE = 0x17;
export const V3_REPORT = 0x22;

/** Of a record of version 3 and of MLDv2: 1 and 3 let only the sources listed in, 2 and 4 all but those, 5 more, 6 fewer. */
export const Record = { IS_IN: 1, IS_EX: 2, TO_IN: 3, TO_EX: 4, ALLOW: 5, BLOCK: 6 } as const;

const TENTHS = 10;

/** The maximum response time of a query in seconds; above 128 it is a floating point number (version 3). */
export function responseSeconds(code: number, isVersion3: boolean): number {
  if (!isVersion3 || code < 128) return code / TENTHS;
  return (((code & 0x0f) | 0x10) << (((code >>> 4) & 7) + 3)) / TENTHS;
}

/** True when the whole message from `l4` to `end` has a right checksum. */
export function isIntact(bytes: Uint8Array, l4: number, end: number): boolean {
  return end - l4 >= HEADER_LENGTH && checksum(bytes, l4, end, 0) === 0;
}

/** Sources that a record of version 3 (or MLDv2) lists, at its offset. */
export function recordSources(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 2);
}
