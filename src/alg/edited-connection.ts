/**
 * A TCP connection that a helper reads and may rewrite: both directions put together (stream-view.ts), cut into messages
 * by a chunker, and edited (netfilter/nat/stream-edits.ts). Under address translation the beginning of a message that may
 * have to be changed is held back until the rest of it has come, and what comes too early has to come again.
 */
import { Verdict } from '../netfilter/verdict.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';
import { bytesOfText } from './byte-text.ts';
import { logRefusal } from './helper-log.ts';
import { replaceBytes } from './payload.ts';
import type { AlgServices } from './services.ts';
import { Fed, StreamView, type StreamReader } from './stream-view.ts';

/** Cuts one direction into messages, and tells of the last one, which has only begun. */
export interface Chunker extends StreamReader {
  /** What there is of it, one character a byte; the empty string for nothing. */
  readonly partial: string;
  readonly partialSeq: number;
}

/** What is made of the messages; sides are the directions of the connection. */
export interface StreamProtocol {
  /** Nothing more is looked at. */
  readonly isOver: boolean;
  /** Messages of a side were lost. */
  lost(): void;
  /** May a message of that side have to be changed, as things stand? */
  mayEdit(side: number): boolean;
  /** May this one, which has only begun? */
  mayChange(side: number, partial: string): boolean;
}

/** A longer segment was never one on a wire: whoever sends it on has to cut it. */
const USUAL_MTU = 1500;

export abstract class EditedConnection {
  protected abstract readonly protocol: StreamProtocol;
  private readonly services: AlgServices;
  private readonly helper: string;
  private readonly entry: number;
  private readonly sides: readonly [Side, Side];

  constructor(services: AlgServices, helper: string, entry: number, chunkers: readonly [Chunker, Chunker]) {
    this.services = services;
    this.helper = helper;
    this.entry = entry;
    const lost = (): void => this.protocol.lost();
    this.sides = [new Side(chunkers[0], lost), new Side(chunkers[1], lost)];
  }

  /** A packet of the connection whose payload begins at `start`; returns a verdict. */
  segment(pkt: PacketBuffer, direction: number, start: number): number {
    const { bytes, l4, l3End } = pkt;
    const flags = tcp.flags(bytes, l4);
    let seq = tcp.seq(bytes, l4);
    const side = this.sides[direction]!;
    if ((flags & tcp.SYN) !== 0) side.begin((seq = (seq + 1) | 0));
    if (start === l3End) return Verdict.ACCEPT;
    if (!this.protocol.isOver) {
      const verdict = this.read(pkt, direction, side, seq, start);
      if (verdict !== Verdict.ACCEPT) return verdict;
      this.holdBack(direction, side.chunker, (flags & tcp.FIN) !== 0);
    }
    return this.rewrite(pkt, direction, seq, start);
  }

  private read(pkt: PacketBuffer, direction: number, side: Side, seq: number, start: number): number {
    switch (side.view.feed(seq, pkt.bytes, start, pkt.l3End, pkt.cause)) {
      case Fed.TAKEN:
        return Verdict.ACCEPT;
      case Fed.EARLY:
        // What it says may have to be changed, which shows only when the missing part has come.
        return this.protocol.mayEdit(direction)
          ? this.refuse(pkt, 'out of order, must come again')
          : Verdict.ACCEPT;
      case Fed.CONTRADICTS:
        return this.refuse(pkt, 'says other than before under the same sequence numbers');
    }
  }

  private refuse(pkt: PacketBuffer, why: string): number {
    logRefusal(this.services, this.helper, pkt, why);
    return Verdict.DROP;
  }

  // ── Editing ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The beginning of a message that may have to be changed waits for its end; one that need not goes on. */
  private holdBack(direction: number, chunker: Chunker, isLast: boolean): void {
    const edits = this.services.sequences.editsOf(this.entry, direction);
    const mayEdit = !isLast && !this.protocol.isOver && this.protocol.mayEdit(direction);
    // Nearly every segment.
    if (!mayEdit && edits?.isHolding !== true) return;
    const { partial, partialSeq } = chunker;
    if (mayEdit && partial !== '' && this.protocol.mayChange(direction, partial)) {
      this.services.sequences.edits(this.entry, direction).hold(partialSeq);
    } else {
      this.pass(direction, partialSeq + partial.length, partial);
    }
  }

  protected isHolding(direction: number): boolean {
    return this.services.sequences.editsOf(this.entry, direction)?.isHolding === true;
  }

  /** What is held back up to `endSeq` goes on, as `text`; nothing happens where nothing is. */
  protected pass(direction: number, endSeq: number, text: string): void {
    const edits = this.services.sequences.editsOf(this.entry, direction);
    if (edits?.isHolding === true) edits.settle(endSeq, bytesOfText(text));
  }

  /**
   * A message from `seq` to `endSeq` has `length` bytes at `start` replaced; `changed` is what all of it becomes thereby.
   * A message that was held back goes on.
   */
  protected change(
    direction: number,
    seq: number,
    endSeq: number,
    start: number,
    length: number,
    replacement: Uint8Array,
    changed: () => string,
  ): void {
    const edits = this.services.sequences.edits(this.entry, direction);
    if (edits.isHolding) edits.settle(endSeq, bytesOfText(changed()));
    else edits.replace((seq + start) | 0, (seq + start + length) | 0, replacement);
  }

  private rewrite(pkt: PacketBuffer, direction: number, seq: number, start: number): number {
    const edits = this.services.sequences.editsOf(this.entry, direction);
    const rendered = edits === null ? null : edits.render(seq, pkt.bytes, start, pkt.l3End);
    if (rendered === null) return Verdict.ACCEPT;
    if (!replaceBytes(pkt, start, pkt.l3End - start, rendered)) {
      return this.refuse(pkt, 'cannot mangle packet');
    }
    // A segment that is held back whole goes on as one that its receiver answers (RFC 9293 3.8.4): the answer
    // acknowledges what is held, and the sender goes on.
    if (rendered.length === 0) tcp.setSeq(pkt.bytes, pkt.l4, (seq - 1) | 0);
    const headers = pkt.l3End - pkt.l3 - rendered.length;
    if (pkt.l3End - pkt.l3 > USUAL_MTU) pkt.gsoSize = USUAL_MTU - headers;
    return Verdict.ACCEPT;
  }
}

class Side {
  readonly chunker: Chunker;
  readonly view: StreamView;
  private begun = false;

  constructor(chunker: Chunker, onGap: () => void) {
    this.chunker = chunker;
    this.view = new StreamView({
      bytes: (from, start, end, seq, packet) => chunker.bytes(from, start, end, seq, packet),
      gap: () => {
        chunker.gap();
        onGap();
      },
    });
  }

  /** A SYN was seen; another one of the same connection says nothing new. */
  begin(seq: number): void {
    if (!this.begun) this.view.begin(seq);
    this.begun = true;
  }
}
