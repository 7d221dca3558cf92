/**
 * ICMPv6 (RFC 4443), and the numbers of the messages that other documents add: neighbour discovery (nd.ts) and multicast
 * listeners (RFC 2710, RFC 9777). The header is ICMP's; the checksum covers the
 * pseudo header.
 */
import { readI32, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';
import { check, CHECKSUM_AT, code, HEADER_LENGTH, headerChecksum, rest, type } from './icmp-header.ts';

export {
  check,
  CHECKSUM_AT,
  code,
  HEADER_LENGTH,
  headerChecksum,
  id,
  innerAt,
  rest,
  sequence,
  setChecksum,
  setId,
  type,
} from './icmp-header.ts';

/** Errors: types below 128. */
export const DEST_UNREACH = 1;
export const PACKET_TOO_BIG = 2;
export const TIME_EXCEEDED = 3;
export const PARAMETER_PROBLEM = 4;
/** Informational messages. */
export const ECHO_REQUEST = 128;
export const ECHO_REPLY = 129;
export const MLD_QUERY = 130;
export const MLD_REPORT = 131;
export const MLD_DONE = 132;
export const ROUTER_SOLICITATION = 133;
export const ROUTER_ADVERTISEMENT = 134;
export const NEIGHBOUR_SOLICITATION = 135;
export const NEIGHBOUR_ADVERTISEMENT = 136;
export const REDIRECT = 137;
export const NODE_INFO_QUERY = 139;
export const NODE_INFO_REPLY = 140;
export const MLD2_REPORT = 143;

/** Codes of DEST_UNREACH. */
export const NO_ROUTE = 0;
export const ADM_PROHIBITED = 1;
export const NOT_NEIGHBOUR = 2;
export const ADDR_UNREACH = 3;
export const PORT_UNREACH = 4;
export const POLICY_FAIL = 5;
export const REJECT_ROUTE = 6;

/** Codes of TIME_EXCEEDED. */
export const HOP_LIMIT_EXCEEDED = 0;
export const FRAG_TIME_EXCEEDED = 1;

/** Codes of PARAMETER_PROBLEM. */
export const ERRONEOUS_HEADER = 0;
export const UNKNOWN_NEXT_HEADER = 1;
export const UNKNOWN_OPTION = 2;

/** Multicast listener discovery, either version. */
export function isMld(typeValue: number): boolean {
  return (typeValue >= MLD_QUERY && typeValue <= MLD_DONE) || typeValue === MLD2_REPORT;
}

/** Of "packet too big", unsigned. */
export function mtu(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4) >>> 0;
}

/** Of a parameter problem, unsigned. */
export function pointer(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4) >>> 0;
}

/** Messages that carry the packet which caused them: all types below 128. */
export function isError(typeValue: number): boolean {
  return typeValue < 128;
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Icmpv6Record {
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** The four bytes behind the checksum, signed. */
  readonly rest: number;
}

export function parse(bytes: Uint8Array, offset: number, end: number): Icmpv6Record | undefined {
  if (check(offset, end) !== WireStatus.OK) return undefined;
  return {
    type: type(bytes, offset),
    code: code(bytes, offset),
    checksum: headerChecksum(bytes, offset),
    rest: rest(bytes, offset),
  };
}

export function byteLength(_record: Icmpv6Record): number {
  return HEADER_LENGTH;
}

export function emit(record: Icmpv6Record, bytes: Uint8Array, offset: number): void {
  bytes[offset] = record.type;
  bytes[offset + 1] = record.code;
  writeU16(bytes, offset + CHECKSUM_AT, record.checksum);
  writeU32(bytes, offset + 4, record.rest);
}
