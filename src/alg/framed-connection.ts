/**
 * A TCP connection whose protocol speaks in frames that say how long they are: each is handed over whole, where it is or as text
 * of one character a byte, and goes on as what is made of it. At the first thing that is no frame the connection is left alone for
 * good: where the next one would begin, nobody knows.
 */
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { bytesOfText, textOfBytes } from './byte-text.ts';
import { EditedConnection, type Chunker, type StreamProtocol } from './edited-connection.ts';
import type { AlgServices } from './services.ts';

/** What `lengthOf` answers besides a length. */
export const UNKNOWN_YET = 0;
export const NO_FRAME = -1;

export interface FrameProtocol {
  /** Length of the frame that `text`, which is not empty, begins with. */
  lengthOf(text: string, side: number): number;
  /** A whole frame; returns what it becomes. `pkt` carries its end. */
  read(text: string, side: number, pkt: PacketBuffer): string;
  /**
   * Reads a whole frame that `bytes[start, end)` begin with where it is, without a text of it, and returns its length; 0
   * where that can't be, and `read` has to do. What it becomes is `changed` then, null for the same.
   */
  readInPlace?(bytes: Uint8Array, start: number, end: number, side: number, pkt: PacketBuffer): number;
  readonly changed?: Uint8Array | null;
  /** May frames have to be changed? */
  mayEdit(side: number): boolean;
  /** May this one, which has only begun? */
  mayChange(text: string, side: number): boolean;
  /** Nothing more is looked at, for the reason given. */
  ended?(why: string): void;
}

export class FramedConnection extends EditedConnection {
  protected readonly protocol: StreamProtocol;
  private isOver = false;
  private pkt: PacketBuffer | null = null;

  constructor(services: AlgServices, helper: string, entry: number, frames: FrameProtocol) {
    const reader = (side: number): FrameReader =>
      new FrameReader(
        (bytes, start, end, seq) => {
          const length = frames.readInPlace?.(bytes, start, end, side, this.pkt!) ?? 0;
          const changed = length === 0 ? null : (frames.changed ?? null);
          if (changed !== null) {
            this.change(side, seq, (seq + length) | 0, 0, length, changed, () =>
              textOfBytes(changed, 0, changed.length),
            );
          }
          return length;
        },
        (text) => frames.lengthOf(text, side),
        (text, seq) => {
          const endSeq = (seq + text.length) | 0;
          const changed = frames.read(text, side, this.pkt!);
          if (changed === text) this.pass(side, endSeq, text);
          else this.change(side, seq, endSeq, 0, text.length, bytesOfText(changed), () => changed);
        },
        (text, seq) => {
          this.end('what follows is no message', frames);
          this.pass(side, (seq + text.length) | 0, text);
        },
      );
    super(services, helper, entry, [reader(0), reader(1)]);
    const isOver = (): boolean => this.isOver;
    this.protocol = {
      get isOver() {
        return isOver();
      },
      lost: () => this.end('a part of the stream was not seen', frames),
      mayEdit: (side) => frames.mayEdit(side),
      mayChange: (side, partial) => frames.mayChange(partial, side),
    };
  }

  override segment(pkt: PacketBuffer, direction: number, start: number): number {
    this.pkt = pkt;
    return super.segment(pkt, direction, start);
  }

  private end(why: string, frames: FrameProtocol): void {
    if (this.isOver) return;
    this.isOver = true;
    frames.ended?.(why);
  }
}

class FrameReader implements Chunker {
  partial = '';
  partialSeq = 0;
  private isBroken = false;
  private readonly inPlace: (bytes: Uint8Array, start: number, end: number, seq: number) => number;
  private readonly lengthOf: (text: string) => number;
  private readonly told: (text: string, seq: number) => void;
  private readonly broken: (text: string, seq: number) => void;

  constructor(
    inPlace: (bytes: Uint8Array, start: number, end: number, seq: number) => number,
    lengthOf: (text: string) => number,
    told: (text: string, seq: number) => void,
    broken: (text: string, seq: number) => void,
  ) {
    this.inPlace = inPlace;
    this.lengthOf = lengthOf;
    this.told = told;
    this.broken = broken;
  }

  gap(): void {
    this.isBroken = true;
    this.partial = '';
  }

  bytes(from: Uint8Array, start: number, end: number, seq: number): void {
    if (this.isBroken) return;
    let at = start;
    if (this.partial === '') {
      // Nearly every frame comes whole.
      for (let length = -1; at < end && length !== 0; at += length) {
        length = this.inPlace(from, at, end, (seq + at - start) | 0);
      }
      this.partialSeq = (seq + at - start) | 0;
    }
    this.partial += textOfBytes(from, at, end);
    while (this.partial !== '' && this.takeOne());
  }

  /** False when the next frame has not come whole. */
  private takeOne(): boolean {
    const { partial, partialSeq } = this;
    const length = this.lengthOf(partial);
    if (length === NO_FRAME) {
      this.gap();
      this.broken(partial, partialSeq);
      return false;
    }
    if (length === UNKNOWN_YET || partial.length < length) return false;
    this.partial = partial.slice(length);
    this.partialSeq = (partialSeq + length) | 0;
    this.told(partial.slice(0, length), partialSeq);
    return true;
  }
}
