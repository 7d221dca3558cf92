/**
 * A stream cut into lines, each with where it stood and which packet ended it. Lines longer than MAX_LINE are passed over
 * (RFC 959 knows none longer than 512), and so is the rest of a line whose beginning was not seen.
 */
import { textOfBytes } from './byte-text.ts';
import type { StreamReader } from './stream-view.ts';

export const MAX_LINE = 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Of a reader that has one for all its lines: it holds until the next. */
export interface Line {
  /** Without its end: `bytes[0, length)`, and as text of one character a byte, which is made when it is first asked for. */
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly text: string;
  /** Number of its first byte, and of the first byte behind its end. */
  readonly seq: number;
  readonly endSeq: number;
  /** The packet that brought its last byte. */
  readonly packet: number;
}

export interface LineListener {
  line(line: Line): void;
  /** A line is too long: the rest of it is passed over. */
  passedOver(beginning: Line): void;
}

export class LineReader implements StreamReader {
  private readonly listener: LineListener;
  private readonly bytesOfLine = new Uint8Array(MAX_LINE);
  private readonly line = new ReadLine(this.bytesOfLine);
  private length = 0;
  private seq = 0;
  /** Until the next end of a line nothing counts. */
  private skips = false;

  constructor(listener: LineListener) {
    this.listener = listener;
  }

  /** What there is of a line that has not ended, the empty string for none. */
  get partial(): string {
    return this.skips ? '' : textOfBytes(this.bytesOfLine, 0, this.length);
  }

  get partialSeq(): number {
    return this.seq;
  }

  gap(): void {
    this.skips = true;
    this.length = 0;
  }

  bytes(from: Uint8Array, start: number, end: number, seq: number, packet: number): void {
    for (let i = start; i < end; i++) {
      const byte = from[i]!;
      if (this.skips) {
        if (byte === NEWLINE) this.skips = false;
        continue;
      }
      if (this.length === 0) this.seq = (seq + i - start) | 0;
      if (byte === NEWLINE) {
        this.finish((seq + i - start + 1) | 0, packet);
      } else if (this.length === MAX_LINE) {
        this.passOver((seq + i - start) | 0, packet);
      } else {
        this.bytesOfLine[this.length++] = byte;
      }
    }
  }

  private finish(endSeq: number, packet: number): void {
    const isReturned = this.length > 0 && this.bytesOfLine[this.length - 1] === RETURN;
    const length = isReturned ? this.length - 1 : this.length;
    this.length = 0;
    this.listener.line(this.line.become(length, this.seq, endSeq, packet));
  }

  private passOver(endSeq: number, packet: number): void {
    const { length } = this;
    this.gap();
    this.listener.passedOver(this.line.become(length, this.seq, endSeq, packet));
  }
}

class ReadLine implements Line {
  readonly bytes: Uint8Array;
  length = 0;
  seq = 0;
  endSeq = 0;
  packet = 0;
  private known: string | null = null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get text(): string {
    return (this.known ??= textOfBytes(this.bytes, 0, this.length));
  }

  become(length: number, seq: number, endSeq: number, packet: number): Line {
    this.length = length;
    this.seq = seq;
    this.endSeq = endSeq;
    this.packet = packet;
    this.known = null;
    return this;
  }
}
