/** What a bridge asks of the addresses of a frame before anything else. */
import { readU24 } from '../../wire/bytes.ts';
import * as ethernet from '../../wire/ethernet.ts';

/** 01:80:c2:00:00:00 to 0f: never forwarded by a bridge of 802.1D, but for what the masks say. */
const RESERVED_PREFIX = 0x0180c2;

/** Not a group, not all zero (Linux: is_valid_ether_addr). */
export function isStation(bytes: Uint8Array, at: number): boolean {
  return !ethernet.isMulticast(bytes, at) && !ethernet.isZero(bytes, at);
}

export function isReserved(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 1 && readU24(bytes, at) === RESERVED_PREFIX && (readU24(bytes, at + 3) & 0xfffff0) === 0
  );
}
