/**
 * ARP (RFC 826) for IPv4 over Ethernet: hardware type 1, protocol 0x0800, address lengths 6 and 4. `check` accepts
 * nothing else, so an accessor of addresses never reads where lying lengths point.
 */
import { ETH_P_IP } from './ether-type.ts';
import { copyBytes, readI32, readU16, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

/** Bytes of a packet with Ethernet and IPv4 addresses; the fixed part alone is 8. */
export const LENGTH = 28;
export const FIXED_LENGTH = 8;
export const HARDWARE_ETHERNET = 1;

export const REQUEST = 1;
export const REPLY = 2;
/** RFC 903. */
export const REVERSE_REQUEST = 3;
export const REVERSE_REPLY = 4;

/** OK when an Ethernet/IPv4 packet lies whole before `end`; any operation. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + FIXED_LENGTH > end) return WireStatus.SHORT;
  if (hardwareType(bytes, offset) !== HARDWARE_ETHERNET || protocolType(bytes, offset) !== ETH_P_IP) {
    return WireStatus.BAD_VERSION;
  }
  if (hardwareLength(bytes, offset) !== 6 || protocolLength(bytes, offset) !== 4)
    return WireStatus.BAD_LENGTH;
  return offset + LENGTH > end ? WireStatus.SHORT : WireStatus.OK;
}

export function hardwareType(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset);
}

export function protocolType(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 2);
}

export function hardwareLength(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 4]!;
}

export function protocolLength(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 5]!;
}

export function operation(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset + 6);
}

/** Offset of the sender's hardware address. */
export function senderMacAt(offset: number): number {
  return offset + 8;
}

export function senderIp(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 14);
}

/** Offset of the target's hardware address. */
export function targetMacAt(offset: number): number {
  return offset + 18;
}

export function targetIp(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 24);
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ArpRecord {
  readonly operation: number;
  readonly senderMac: Uint8Array;
  readonly senderIp: number;
  readonly targetMac: Uint8Array;
  readonly targetIp: number;
}

export function parse(bytes: Uint8Array, offset: number, end: number): ArpRecord | undefined {
  if (check(bytes, offset, end) !== WireStatus.OK) return undefined;
  return {
    operation: operation(bytes, offset),
    senderMac: bytes.slice(offset + 8, offset + 14),
    senderIp: senderIp(bytes, offset),
    targetMac: bytes.slice(offset + 18, offset + 24),
    targetIp: targetIp(bytes, offset),
  };
}

export function byteLength(_record: ArpRecord): number {
  return LENGTH;
}

export function emit(record: ArpRecord, bytes: Uint8Array, offset: number): void {
  write(
    bytes,
    offset,
    record.operation,
    record.senderMac,
    0,
    record.senderIp,
    record.targetMac,
    0,
    record.targetIp,
  );
}

/** Writes a whole packet without a record: the hot form of `emit`, for neighbour tables that answer and ask. */
export function write(
  bytes: Uint8Array,
  offset: number,
  operationValue: number,
  senderMac: Uint8Array,
  senderMacAtOffset: number,
  senderIpWord: number,
  targetMac: Uint8Array,
  targetMacAtOffset: number,
  targetIpWord: number,
): void {
  writeU16(bytes, offset, HARDWARE_ETHERNET);
  writeU16(bytes, offset + 2, ETH_P_IP);
  bytes[offset + 4] = 6;
  bytes[offset + 5] = 4;
  writeU16(bytes, offset + 6, operationValue);
  copyBytes(senderMac, senderMacAtOffset, bytes, offset + 8, 6);
  writeU32(bytes, offset + 14, senderIpWord);
  copyBytes(targetMac, targetMacAtOffset, bytes, offset + 18, 6);
  writeU32(bytes, offset + 24, targetIpWord);
}
