/** The IP Authentication Header (RFC 4302 section 2), as far as rules see it: next header, length, SPI, sequence number. */
import { readI32, writeU16, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

/** Without the integrity check value. */
export const HEADER_LENGTH = 12;

/** In bytes: the length field counts 32-bit words, less two. */
export function headerLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 1]! + 2) << 2;
}

/** OK promises a whole header, integrity check value included. */
export function check(bytes: Uint8Array, offset: number, end: number): WireStatus {
  if (offset + HEADER_LENGTH > end) return WireStatus.SHORT;
  const length = headerLength(bytes, offset);
  return length < HEADER_LENGTH || offset + length > end ? WireStatus.BAD_LENGTH : WireStatus.OK;
}

export function nextHeader(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!;
}

/** Security parameters index; `>>> 0` to print or compare by order. */
export function spi(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4);
}

export function sequence(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 8);
}

export interface AhRecord {
  readonly nextHeader: number;
  readonly spi: number;
  readonly sequence: number;
  /** A multiple of four bytes, up to 1016. */
  readonly icv: Uint8Array;
}

export function parse(bytes: Uint8Array, offset: number, end: number): AhRecord | undefined {
  if (check(bytes, offset, end) !== WireStatus.OK) return undefined;
  return {
    nextHeader: nextHeader(bytes, offset),
    spi: spi(bytes, offset),
    sequence: sequence(bytes, offset),
    icv: bytes.slice(offset + HEADER_LENGTH, offset + headerLength(bytes, offset)),
  };
}

export function byteLength(record: Pick<AhRecord, 'icv'>): number {
  return HEADER_LENGTH + ((record.icv.length + 3) & ~3);
}

export function emit(record: AhRecord, bytes: Uint8Array, offset: number): void {
  const length = byteLength(record);
  bytes[offset] = record.nextHeader;
  bytes[offset + 1] = (length >>> 2) - 2;
  writeU16(bytes, offset + 2, 0);
  writeU32(bytes, offset + 4, record.spi);
  writeU32(bytes, offset + 8, record.sequence);
  bytes.set(record.icv, offset + HEADER_LENGTH);
  bytes.fill(0, offset + HEADER_LENGTH + record.icv.length, offset + length);
}
