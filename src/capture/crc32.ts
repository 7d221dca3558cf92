/**
 * The check sum of gzip (RFC 1952, section 8; ISO 3309), eight bytes a step with eight tables.
 *
 * Table k, at k * 256, tells what a byte does to the sum when k more bytes follow it within the step.
 */
const POLYNOMIAL = 0xedb88320;
const STEP = 8;
const TABLES = buildTables();

function buildTables(): Int32Array {
  const tables = new Int32Array(STEP * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    tables[byte] = value;
  }
  for (let at = 256; at < tables.length; at++) {
    const value = tables[at - 256]!;
    tables[at] = (value >>> 8) ^ tables[value & 0xff]!;
  }
  return tables;
}

export class Crc32 {
  private state = -1;

  reset(): void {
    this.state = -1;
  }

  get value(): number {
    return ~this.state >>> 0;
  }

  update(bytes: Uint8Array, from: number, end: number): void {
    const t = TABLES;
    let state = this.state;
    let at = from;
    for (; at + STEP <= end; at += STEP) {
      state =
        t[0x700 | (bytes[at]! ^ (state & 0xff))]! ^
        t[0x600 | (bytes[at + 1]! ^ ((state >>> 8) & 0xff))]! ^
        t[0x500 | (bytes[at + 2]! ^ ((state >>> 16) & 0xff))]! ^
        t[0x400 | (bytes[at + 3]! ^ (state >>> 24))]! ^
        t[0x300 | bytes[at + 4]!]! ^
        t[0x200 | bytes[at + 5]!]! ^
        t[0x100 | bytes[at + 6]!]! ^
        t[bytes[at + 7]!]!;
    }
    for (; at < end; at++) state = (state >>> 8) ^ t[(state ^ bytes[at]!) & 0xff]!;
    this.state = state;
  }
}
