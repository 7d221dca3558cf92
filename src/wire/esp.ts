/** The IP Encapsulating Security Payload (RFC 4303 section 2): SPI and sequence number; all behind them is encrypted. */
import { readI32, writeU32 } from './bytes.ts';
import { WireStatus } from './wire-status.ts';

export const HEADER_LENGTH = 8;

export function check(offset: number, end: number): WireStatus {
  return offset + HEADER_LENGTH > end ? WireStatus.SHORT : WireStatus.OK;
}

/** Security parameters index; `>>> 0` to print or compare by order. */
export function spi(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset);
}

export function sequence(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset + 4);
}

export interface EspRecord {
  readonly spi: number;
  readonly sequence: number;
}

export function parse(bytes: Uint8Array, offset: number, end: number): EspRecord | undefined {
  if (check(offset, end) !== WireStatus.OK) return undefined;
  return { spi: spi(bytes, offset), sequence: sequence(bytes, offset) };
}

export function byteLength(_record: EspRecord): number {
  return HEADER_LENGTH;
}

export function emit(record: EspRecord, bytes: Uint8Array, offset: number): void {
  writeU32(bytes, offset, record.spi);
  writeU32(bytes, offset + 4, record.sequence);
}
