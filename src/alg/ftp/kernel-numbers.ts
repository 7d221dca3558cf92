/**
 * How Linux reads the numbers in FTP's commands and replies: more loosely than numbers.ts, and on the bytes of one packet.
 * A number may have any digits (it is cut to 32 bits, a port to 16) and be followed by what the form ends with.
 * Source: nf_conntrack_ftp (behaviour).
 */
import { parseIp6 } from '../../wire/address.ts';

const ZERO = 0x30;
const NINE = 0x39;
const COMMA = 0x2c;
const DOT = 0x2e;

/** What was read; `length` 0 when it was nothing that could be used. */
export class KernelNumbers {
  readonly address = new Int32Array(4);
  port = 0;
  /** Offset of the first byte of the text that was read, and its length. */
  start = 0;
  length = 0;
  private readonly fields = new Uint32Array(6);

  /** Six numbers with commas; `end` is the byte that must follow, 0 for any. */
  sixNumbers(bytes: Uint8Array, at: number, to: number, end: number): void {
    const { fields } = this;
    this.start = at;
    this.length = this.numbers(bytes, at, to, 6, COMMA, end);
    if (this.length === 0) return;
    this.address[0] = (fields[0]! << 24) | (fields[1]! << 16) | (fields[2]! << 8) | fields[3]!;
    this.port = ((fields[4]! << 8) | fields[5]!) & 0xffff;
  }

  /** The same from the first digit on, wherever it stands. */
  sixNumbersSomewhere(bytes: Uint8Array, at: number, to: number): void {
    let first = at;
    while (first < to && !isDigit(bytes[first]!)) first++;
    if (first === to) this.length = 0;
    else this.sixNumbers(bytes, first, to, 0);
  }

  /** `|1|10.0.0.2|1029|`, of that family. */
  extended(bytes: Uint8Array, at: number, to: number, family: number): void {
    this.start = at;
    this.length = 0;
    const delimiter = bytes[at]!;
    if (to - at <= 3 || !isDelimiter(delimiter) || bytes[at + 2] !== delimiter) return;
    if (bytes[at + 1] !== (family === 4 ? 0x31 : 0x32)) return;
    const length =
      family === 4 ? this.dotted(bytes, at + 3, to, delimiter) : this.colons(bytes, at + 3, to, delimiter);
    if (length !== 0) this.readPort(bytes, at, 3 + length + 1, to, delimiter);
  }

  /** `|||1029|`; the address stays as it is. */
  extendedPassive(bytes: Uint8Array, at: number, to: number): void {
    this.start = at;
    this.length = 0;
    const delimiter = bytes[at]!;
    if (to - at <= 3 || !isDelimiter(delimiter)) return;
    if (bytes[at + 1] !== delimiter || bytes[at + 2] !== delimiter) return;
    this.readPort(bytes, at, 3, to, delimiter);
  }

  private dotted(bytes: Uint8Array, at: number, to: number, end: number): number {
    const { fields } = this;
    const length = this.numbers(bytes, at, to, 4, DOT, end);
    if (length !== 0) {
      this.address[0] = (fields[0]! << 24) | (fields[1]! << 16) | (fields[2]! << 8) | fields[3]!;
    }
    return length;
  }

  private colons(bytes: Uint8Array, at: number, to: number, end: number): number {
    let past = at;
    while (past < to && bytes[past] !== end) past++;
    if (past === to) return 0;
    const text = String.fromCharCode(...bytes.subarray(at, Math.min(past, at + 64)));
    return parseIp6(text, this.address) ? past - at : 0;
  }

  private readPort(bytes: Uint8Array, at: number, offset: number, to: number, end: number): void {
    let port = 0;
    for (let i = at + offset; i < to; i++) {
      const byte = bytes[i]!;
      if (byte === end) {
        if (port === 0) return;
        this.port = port;
        this.length = i + 1 - at;
        return;
      }
      if (!isDigit(byte)) return;
      port = (port * 10 + byte - ZERO) & 0xffff;
    }
  }

  /** `count` numbers into `fields`; returns the length of their text, 0 when they are not there. */
  private numbers(
    bytes: Uint8Array,
    at: number,
    to: number,
    count: number,
    separator: number,
    end: number,
  ): number {
    const { fields } = this;
    fields.fill(0);
    let field = 0;
    for (let i = at; i < to && field < count; i++) {
      const byte = bytes[i]!;
      if (isDigit(byte)) fields[field] = Math.imul(fields[field]!, 10) + byte - ZERO;
      else if (byte === separator) field++;
      else return (byte === end || end === 0) && field === count - 1 ? i - at : 0;
    }
    return 0;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isDelimiter(byte: number): boolean {
  return !isDigit(byte) && byte >= 33 && byte <= 126;
}
