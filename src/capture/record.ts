/**
 * What a reader hands out: one record, the same object again and again, and the interfaces that records came from.
 */
import { isSupportedLinkType, linkTypeName } from './link-type.ts';
import { OPTION_HEADER_BYTES, OPT_COMMENT, OPT_END, paddedLength } from './pcapng-format.ts';
import { TickClock } from './ticks.ts';

/** One interface of the capture. A classic pcap has exactly one, without a name. */
export class CaptureInterface {
  /** Index in the reader's `interfaces`, counted through all sections of the file. */
  readonly id: number;
  readonly linkType: number;
  /** Whether packets of its link type can be read. */
  readonly supported: boolean;
  /** Most bytes kept of a packet; 0 when not limited. */
  readonly snapLength: number;
  /** Byte offset of the header or block that declares it. */
  readonly offset: number;
  name = '';
  description = '';
  /** Bytes of frame check sequence at the end of every frame; the reader takes them off. */
  fcsLength = 0;
  /** How its time stamps are counted (pcapng). */
  readonly clock = new TickClock();

  constructor(id: number, linkType: number, snapLength: number, offset: number) {
    this.id = id;
    this.linkType = linkType;
    this.supported = isSupportedLinkType(linkType);
    this.snapLength = snapLength;
    this.offset = offset;
  }

  get linkTypeName(): string | undefined {
    return linkTypeName(this.linkType);
  }
}

/** epb_flags, bits 0-1. */
export const CaptureDirection = { Unknown: 0, Inbound: 1, Outbound: 2 } as const;
export type CaptureDirection = (typeof CaptureDirection)[keyof typeof CaptureDirection];

/**
 * A captured packet: a window onto the reader's buffer. Everything is valid until the next call of `next`; the bytes
 * from start to end may be changed in place until then, nothing outside them. Whoever keeps a record copies it.
 */
export class CaptureRecord {
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;
  /** Bytes that the packet had on the wire; more than `end - start` when the snap length cut it. */
  originalLength = 0;
  /** Microseconds since the epoch, with a fraction for finer captures (a double is good to a quarter of one). */
  timeUs = 0;
  /** The same, exactly: whole seconds since the epoch and nanoseconds, 0-999999999. */
  seconds = 0;
  nanoseconds = 0;
  /** False for a Simple Packet Block, which has no time: the record then repeats the time before it. */
  hasTime = false;
  linkType = 0;
  /** Index in the reader's `interfaces`. */
  interfaceId = 0;
  /** 1-based, in the order of the file. */
  number = 0;
  /** Byte offset of the record or block in the uncompressed file. */
  offset = 0;
  /** The byte order of the file or section. */
  bigEndian = false;
  /** The epb_flags word; 0 when absent. */
  flags = 0;
  /** Where the block's options stand, already checked; equal when there are none. */
  optionsStart = 0;
  optionsEnd = 0;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, view: DataView) {
    this.bytes = bytes;
    this.view = view;
  }

  get capturedLength(): number {
    return this.end - this.start;
  }

  /** Takes the frame check sequence off the end, of which the snap length may have left nothing. */
  removeFcs(length: number): void {
    this.originalLength = Math.max(0, this.originalLength - length);
    this.end = Math.min(this.end, this.start + this.originalLength);
  }

  get direction(): CaptureDirection {
    const bits = this.flags & 3;
    return bits === 1
      ? CaptureDirection.Inbound
      : bits === 2
        ? CaptureDirection.Outbound
        : CaptureDirection.Unknown;
  }

  /** The packet's comments, joined by line feeds; null when there are none. Decoded when asked for. */
  get comment(): string | null {
    let text: string | null = null;
    let at = this.optionsStart;
    while (at + OPTION_HEADER_BYTES <= this.optionsEnd) {
      const code = this.view.getUint16(at, !this.bigEndian);
      const length = this.view.getUint16(at + 2, !this.bigEndian);
      at += OPTION_HEADER_BYTES;
      if (code === OPT_END) break;
      if (code === OPT_COMMENT) {
        const comment = decodeText(this.bytes, at, length);
        text = text === null ? comment : `${text}\n${comment}`;
      }
      at += paddedLength(length);
    }
    return text;
  }
}

const utf8 = new TextDecoder();

/** A string of pcapng: UTF-8, not necessarily terminated, but ending at a zero byte where there is one. */
export function decodeText(bytes: Uint8Array, at: number, length: number): string {
  let end = at;
  while (end < at + length && bytes[end] !== 0) end++;
  return utf8.decode(bytes.subarray(at, end));
}
