/**
 * A TCP connection whose protocol speaks in lines: both directions of its stream, cut into lines that the protocol is
 * told, and edited where it says so. Under address translation the beginning of a line that may have to be changed is
 * held back until the rest of it has come (netfilter/nat/stream-edits.ts), and what comes too early has to come again.
 */
import { Verdict } from '../netfilter/verdict.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';
import { bytesOfText } from './byte-text.ts';
import { logRefusal } from './helper-log.ts';
import { LineReader, type Line } from './line-reader.ts';
import { replaceBytes } from './payload.ts';
import type { AlgServices } from './services.ts';
import { Fed, StreamView } from './stream-view.ts';

/** No line that names a port is longer; what is, need not be held back. */
const LONGEST_HELD = 128;

/** What is made of the lines; sides are the directions of the connection. */
export interface LineProtocol {
  /** Nothing more is looked at. */
  readonly isOver: boolean;
  line(side: number, line: Line): void;
  /** Lines of a side were lost. */
  lost(): void;
  /** May a line of that side have to be changed, as things stand? */
  mayEdit(side: number): boolean;
  /** May this one, which has only begun? */
  mayChange(side: number, partial: string): boolean;
}

/** Puts other text in the place of a part of a line. */
export type EditLine = (
  side: number,
  line: Line,
  start: number,
  end: number,
  replacement: Uint8Array,
) => void;

export class LineConnection {
  private readonly services: AlgServices;
  private readonly helper: string;
  private readonly entry: number;
  private readonly protocol: LineProtocol;
  private readonly sides: readonly [Side, Side];

  constructor(services: AlgServices, helper: string, entry: number, make: (edit: EditLine) => LineProtocol) {
    this.services = services;
    this.helper = helper;
    this.entry = entry;
    this.protocol = make((side, line, start, end, replacement) =>
      this.edit(side, line, start, end, replacement),
    );
    this.sides = [this.makeSide(0), this.makeSide(1)];
  }

  private makeSide(side: number): Side {
    const { protocol } = this;
    const lines = new LineReader({
      line: (line) => {
        protocol.line(side, line);
        this.settle(side, line.endSeq, line);
      },
      passedOver: (beginning) => this.settle(side, beginning.endSeq, beginning),
    });
    return new Side(lines, () => protocol.lost());
  }

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
      this.holdBack(direction, side, (flags & tcp.FIN) !== 0);
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

  /** The beginning of a line that may have to be changed waits for its end; one that need not goes on. */
  private holdBack(direction: number, side: Side, isLast: boolean): void {
    const { partial, partialSeq } = side.lines;
    const { sequences } = this.services;
    const endSeq = partialSeq + partial.length;
    const mayChange =
      partial !== '' &&
      partial.length <= LONGEST_HELD &&
      !isLast &&
      this.protocol.mayEdit(direction) &&
      this.protocol.mayChange(direction, partial);
    if (mayChange) sequences.edits(this.entry, direction).hold(partialSeq);
    else sequences.editsOf(this.entry, direction)?.settle(endSeq, bytesOfText(partial));
  }

  /** What was held back of a line goes on as it is, unless it was edited. */
  private settle(direction: number, endSeq: number, line: Line): void {
    const { sequences } = this.services;
    sequences.editsOf(this.entry, direction)?.settle(endSeq, bytesOfText(withEnd(line, line.text)));
  }

  private edit(direction: number, line: Line, start: number, end: number, replacement: Uint8Array): void {
    const edits = this.services.sequences.edits(this.entry, direction);
    if (!edits.isHolding) {
      edits.replace((line.seq + start) | 0, (line.seq + end) | 0, replacement);
      return;
    }
    const { text } = line;
    const changed = text.slice(0, start) + String.fromCharCode(...replacement) + text.slice(end);
    edits.settle(line.endSeq, bytesOfText(withEnd(line, changed)));
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
    return Verdict.ACCEPT;
  }
}

class Side {
  readonly lines: LineReader;
  readonly view: StreamView;
  private begun = false;

  constructor(lines: LineReader, onGap: () => void) {
    this.lines = lines;
    this.view = new StreamView({
      bytes: (from, start, end, seq, packet) => lines.bytes(from, start, end, seq, packet),
      gap: () => {
        lines.gap();
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

/** The line's end as it stood, behind another text. */
function withEnd(line: Line, text: string): string {
  const end = (line.endSeq - line.seq) | 0;
  return text + '\r\n'.slice(2 - Math.min(2, end - line.text.length));
}
