/**
 * IGMP: what IPv4 hosts and routers say of multicast groups (versions 1 and 2: RFC 1112, RFC 2236; 3: RFC 3376). MLD says
 * the same in ICMPv6 (RFC 2710, RFC 3810), with addresses of 16 bytes.
 *
 *     type · maximum response time · checksum · group          of version 3 besides: records of groups
 */
import { checksum } from './checksum.ts';
import { readU16, writeU16, writeU32 } from './bytes.ts';
import { ETH_P_IP } from './ether-type.ts';
import * as ethernet from './ethernet.ts';
import { IPPROTO_IGMP } from './ip-protocol.ts';
import * as ipv4 from './ipv4.ts';

export const HEADER_LENGTH = 8;
export const QUERY = 0x11;
export const V1_REPORT = 0x12;
export const V2_REPORT = 0x16;
export const LEAVE = 0x17;
export const V3_REPORT = 0x22;

/** Of a record of version 3 and of MLDv2: 1 and 3 let only the sources listed in, 2 and 4 all but those, 5 more, 6 fewer. */
export const Record = { IS_IN: 1, IS_EX: 2, TO_IN: 3, TO_EX: 4, ALLOW: 5, BLOCK: 6 } as const;

/** Bytes of a query in a frame: the IP header has the router alert option (RFC 2113). */
const QUERY_FRAME_LENGTH = ethernet.HEADER_LENGTH + 24 + HEADER_LENGTH;
const ROUTER_ALERT = 0x94040000;
const ALL_HOSTS = 0xe0000001 | 0;
const CS6 = 0xc0;
const DONT_FRAGMENT = 0x4000;
const TENTHS = 10;

/** The maximum response time of a query in seconds; above 128 it is a floating point number (version 3). */
export function responseSeconds(code: number, isVersion3: boolean): number {
  if (!isVersion3 || code < 128) return code / TENTHS;
  return (((code & 0x0f) | 0x10) << (((code >>> 4) & 7) + 3)) / TENTHS;
}

/** A query of version 2, about one group or (0) about all, as the kernel's bridge asks it: from nobody's address. */
export function queryFrame(source: Uint8Array, group: number, seconds: number): Uint8Array {
  const frame = new Uint8Array(QUERY_FRAME_LENGTH);
  const to = group === 0 ? ALL_HOSTS : group;
  const l3 = ethernet.HEADER_LENGTH;
  frame.set([0x01, 0x00, 0x5e, (to >>> 16) & 0x7f, to >>> 8, to], 0);
  ethernet.setSrc(frame, 0, source, 0);
  ethernet.setType(frame, 0, ETH_P_IP);
  frame[l3] = 0x46;
  frame[l3 + 1] = CS6;
  writeU16(frame, l3 + 2, QUERY_FRAME_LENGTH - l3);
  writeU16(frame, l3 + 6, DONT_FRAGMENT);
  frame[l3 + 8] = 1;
  frame[l3 + 9] = IPPROTO_IGMP;
  writeU32(frame, l3 + 16, to);
  writeU32(frame, l3 + 20, ROUTER_ALERT);
  ipv4.fillChecksum(frame, l3);
  const l4 = l3 + 24;
  frame[l4] = QUERY;
  frame[l4 + 1] = seconds * TENTHS;
  writeU32(frame, l4 + 4, group);
  writeU16(frame, l4 + 2, checksum(frame, l4, QUERY_FRAME_LENGTH, 0));
  return frame;
}

/** True when the whole message from `l4` to `end` has a right checksum. */
export function isIntact(bytes: Uint8Array, l4: number, end: number): boolean {
  return end - l4 >= HEADER_LENGTH && checksum(bytes, l4, end, 0) === 0;
}

/** Sources that a record of version 3 (or MLDv2) lists, at its offset. */
export function recordSources(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 2);
}
