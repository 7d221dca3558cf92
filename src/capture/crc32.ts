/**
 * The check sum of gzip (RFC 1952, section 8; ISO 3309), four bytes a step with four tables.
 */
const POLYNOMIAL = 0xedb88320;
const TABLES = buildTables();

function buildTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const tables = [
    new Int32Array(256),
    new Int32Array(256),
    new Int32Array(256),
    new Int32Array(256),
  ] as const;
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    tables[0][byte] = value;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let next = 1; next < 4; next++) {
      const value = tables[next - 1]![byte]!;
      tables[next]![byte] = (value >>> 8) ^ tables[0][value & 0xff]!;
    }
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
    const [t0, t1, t2, t3] = TABLES;
    let state = this.state;
    let at = from;
    for (; at + 4 <= end; at += 4) {
      state ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      state = t3[state & 0xff]! ^ t2[(state >>> 8) & 0xff]! ^ t1[(state >>> 16) & 0xff]! ^ t0[state >>> 24]!;
    }
    for (; at < end; at++) state = (state >>> 8) ^ t0[(state ^ bytes[at]!) & 0xff]!;
    this.state = state;
  }
}
