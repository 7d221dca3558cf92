/**
 * Numbers in bytes: big-endian reads and writes, comparisons and hexadecimal text.
 *
 * No function here checks bounds: a caller has compared its offset with the end of the datagram before (one check a
 * header, in the room of the protocol), and a read past the end of a typed array is slow for ever after. 32-bit
 * values come in two kinds: `readI32` (signed, what addresses and sequence numbers are held as) and `readU32`.
 */

export function readU8(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!;
}

export function readU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** 24 bits: VXLAN and GENEVE network identifiers, LLC organisation codes. */
export function readU24(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}

/** 32 bits as a signed integer, which V8 keeps unboxed: the form of every address word. */
export function readI32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset) >>> 0;
}

export function writeU8(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
}

export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function writeU24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 16;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value;
}

/** Takes signed and unsigned values alike. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** True when `length` bytes at both places are the same. */
export function equalBytes(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[aOffset + i] !== b[bOffset + i]) return false;
  return true;
}

/** Moves bytes within or between buffers, overlaps allowed; for the few bytes of a header faster than `set(subarray)`. */
export function copyBytes(
  from: Uint8Array,
  fromOffset: number,
  to: Uint8Array,
  toOffset: number,
  length: number,
): void {
  if (from === to && fromOffset < toOffset) {
    for (let i = length - 1; i >= 0; i--) to[toOffset + i] = from[fromOffset + i]!;
  } else {
    for (let i = 0; i < length; i++) to[toOffset + i] = from[fromOffset + i]!;
  }
}

// ── Hexadecimal, for tests and reports ──────────────────────────────────────────────────────────────────────────

const HEX: string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Lower case, without separators: `0800`. */
export function bytesToHex(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  for (let i = start; i < end; i++) text += HEX[bytes[i]!]!;
  return text;
}

/** Two lower-case digits of one byte. */
export function hexByte(value: number): string {
  return HEX[value & 0xff]!;
}

/**
 * The bytes of a text of hexadecimal digits; white space, colons and dots between bytes are skipped.
 * It throws on anything else: it is meant for test data and configuration, not for the path of a packet.
 */
export function hexToBytes(text: string): Uint8Array {
  const digits = text.replace(/[\s:.]+/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new RangeError(`not a text of hexadecimal bytes: ${JSON.stringify(text.slice(0, 40))}`);
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
