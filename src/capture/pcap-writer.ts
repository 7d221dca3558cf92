/**
 * Writes a classic pcap, little endian, version 2.4: one link type, no names, no verdicts.
 *
 * Source: pcap-savefile(5).
 */
import { CaptureError } from './errors.ts';
import { LinkType } from './link-type.ts';
import { MAX_RECORD_BYTES } from './pcapng-format.ts';
import { type ByteSink, SinkBuffer } from './sink.ts';

const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

export interface PcapWriterOptions {
  /** Ethernet unless given. */
  linkType?: number;
  /** Fraction of the time stamps; microseconds unless given. */
  resolution?: 'microseconds' | 'nanoseconds';
}

export class PcapWriter {
  private readonly out: SinkBuffer;
  private readonly perMicrosecond: number;

  /** The header is written at once. `close` closes the sink. */
  constructor(sink: ByteSink, options: PcapWriterOptions = {}) {
    this.out = new SinkBuffer(sink);
    this.perMicrosecond = options.resolution === 'nanoseconds' ? 1000 : 1;
    const view = this.out.view;
    view.setUint32(0, this.perMicrosecond === 1 ? MAGIC_MICRO : MAGIC_NANO, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, MAX_RECORD_BYTES, true);
    view.setUint32(20, options.linkType ?? LinkType.Ethernet, true);
    this.out.position = FILE_HEADER_BYTES;
  }

  /** Writes the packet bytes[start..end); `originalLength` is what it had on the wire. */
  write(timeUs: number, bytes: Uint8Array, start: number, end: number, originalLength: number): void {
    const length = end - start;
    if (length > MAX_RECORD_BYTES) {
      throw new CaptureError('CAPTURE_LENGTH', `a packet of ${length} bytes is too long to write`, '');
    }
    const out = this.out;
    out.reserve(RECORD_HEADER_BYTES + length);
    const at = out.position;
    const view = out.view;
    // Rounded before it is divided, so that the fraction never reaches a whole second.
    const ticks = Math.floor((timeUs - Math.floor(timeUs)) * this.perMicrosecond + 0.5);
    const wholeUs = Math.floor(timeUs) + (ticks === this.perMicrosecond ? 1 : 0);
    const seconds = Math.floor(wholeUs / 1_000_000);
    view.setUint32(at, seconds, true);
    const below = ticks === this.perMicrosecond ? 0 : ticks;
    view.setUint32(at + 4, (wholeUs - seconds * 1_000_000) * this.perMicrosecond + below, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, originalLength, true);
    const target = out.bytes;
    for (let from = start, to = at + RECORD_HEADER_BYTES; from < end; from++, to++) target[to] = bytes[from]!;
    out.position = at + RECORD_HEADER_BYTES + length;
  }

  flush(): void {
    this.out.flush();
  }

  close(): void {
    this.out.close();
  }
}
