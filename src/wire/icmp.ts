/**
 * ICMP for IPv4 (RFC 792; next-hop MTU: RFC 1191; extensions by RFC 4884 are left alone). Every message has eight fixed
 * bytes: type, code, checksum, and four bytes whose meaning the type decides. Errors carry the start of the packet that
 * caused them behind these.
 */
import { checksum, updateWord16 } from './checksum.ts';
import { readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';
import {
  check,
  CHECKSUM_AT,
  code,
  HEADER_LENGTH,
  headerChecksum,
  rest,
  setChecksum,
  type,
} from './icmp-header.ts';

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

/** Types (IANA "ICMP Type Numbers"). */
export const ECHO_REPLY = 0;
export const DEST_UNREACH = 3;
export const SOURCE_QUENCH = 4;
export const REDIRECT = 5;
export const ECHO_REQUEST = 8;
export const ROUTER_ADVERTISEMENT = 9;
export const ROUTER_SOLICITATION = 10;
export const TIME_EXCEEDED = 11;
export const PARAMETER_PROBLEM = 12;
export const TIMESTAMP_REQUEST = 13;
export const TIMESTAMP_REPLY = 14;
export const INFO_REQUEST = 15;
export const INFO_REPLY = 16;
export const ADDRESS_MASK_REQUEST = 17;
export const ADDRESS_MASK_REPLY = 18;

/** Codes of DEST_UNREACH. */
export const NET_UNREACH = 0;
export const HOST_UNREACH = 1;
export const PROT_UNREACH = 2;
export const PORT_UNREACH = 3;
export const FRAG_NEEDED = 4;
export const SR_FAILED = 5;
export const NET_UNKNOWN = 6;
export const HOST_UNKNOWN = 7;
export const HOST_ISOLATED = 8;
export const NET_ANO = 9;
export const HOST_ANO = 10;
export const NET_UNR_TOS = 11;
export const HOST_UNR_TOS = 12;
export const PKT_FILTERED = 13;
export const PREC_VIOLATION = 14;
export const PREC_CUTOFF = 15;

/** Codes of REDIRECT. */
export const REDIRECT_NET = 0;
export const REDIRECT_HOST = 1;

/** Codes of TIME_EXCEEDED. */
export const TTL_EXCEEDED = 0;
export const FRAG_TIME_EXCEEDED = 1;

/** Of "fragmentation needed" (RFC 1191); 0 from routers that do not tell. */
export function nextHopMtu(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 6);
}

/** Of a redirect. */
export function gateway(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4);
}

/** Of a parameter problem: the byte in question. */
export function pointer(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 4]!;
}

/** Messages that carry the packet which caused them (Linux: icmp_is_err). */
export function isError(typeValue: number): boolean {
  return (
    typeValue === DEST_UNREACH ||
    typeValue === SOURCE_QUENCH ||
    typeValue === REDIRECT ||
    typeValue === TIME_EXCEEDED ||
    typeValue === PARAMETER_PROBLEM
  );
}

/** True when the checksum over message and data holds; there is no pseudo header. */
export function checksumOk(bytes: Uint8Array, offset: number, end: number): boolean {
  return checksum(bytes, offset, end, 0) === 0;
}

export function fillChecksum(bytes: Uint8Array, offset: number, end: number): void {
  writeU16(bytes, offset + CHECKSUM_AT, 0);
  writeU16(bytes, offset + CHECKSUM_AT, checksum(bytes, offset, end, 0));
}

export function setType(bytes: Uint8Array, offset: number, value: number): void {
  const before = readU16(bytes, offset);
  bytes[offset] = value;
  setChecksum(bytes, offset, updateWord16(headerChecksum(bytes, offset), before, readU16(bytes, offset)));
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface IcmpRecord {
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** The four bytes behind the checksum, signed. */
  readonly rest: number;
}

export function parse(bytes: Uint8Array, offset: number, end: number): IcmpRecord | undefined {
  if (check(offset, end) !== WireStatus.OK) return undefined;
  return {
    type: type(bytes, offset),
    code: code(bytes, offset),
    checksum: headerChecksum(bytes, offset),
    rest: rest(bytes, offset),
  };
}

export function byteLength(_record: IcmpRecord): number {
  return HEADER_LENGTH;
}

export function emit(record: IcmpRecord, bytes: Uint8Array, offset: number): void {
  bytes[offset] = record.type;
  bytes[offset + 1] = record.code;
  writeU16(bytes, offset + CHECKSUM_AT, record.checksum);
  writeU32(bytes, offset + 4, record.rest);
}
