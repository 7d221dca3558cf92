/**
 * FTP as Sluice treats it: state machines (control.ts) on the reassembled stream. Under address translation the stream is
 * edited (netfilter/nat/stream-edits.ts): the beginning of a line that may name a port is held back until the rest of it
 * has come, and what comes too early has to come again.
 */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import type { CtHelper, ExpectPolicy } from '../../netfilter/conntrack/helpers.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import { logRefusal } from '../helper-log.ts';
import { LineReader, type Line } from '../line-reader.ts';
import { payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { Fed, StreamView } from '../stream-view.ts';
import { mayNamePort, mayNameServerPort } from './commands.ts';
import { FtpControl } from './control.ts';
import { DataPorts } from './data-port.ts';
import { FTP_POLICIES, FTP_PORT } from './limits.ts';

/** No command that names a port is longer; what is, need not be held back. */
const LONGEST_HELD = 128;

export class StrictFtp implements CtHelper {
  readonly name = 'ftp';
  readonly family: 4 | 6;
  readonly proto = IPPROTO_TCP;
  readonly port = FTP_PORT;
  readonly policies: readonly ExpectPolicy[] = FTP_POLICIES;
  readonly services: AlgServices;
  readonly expecting: Expecting;
  readonly loose: boolean;
  private readonly connections = new Map<number, Connection>();

  constructor(family: 4 | 6, services: AlgServices, loose: boolean) {
    this.family = family;
    this.services = services;
    this.expecting = new Expecting(services);
    this.loose = loose;
  }

  forget(entry: number): void {
    this.connections.delete(entry);
    this.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const start = payloadStart(pkt);
    if (start < 0) return Verdict.ACCEPT;
    const flow = this.services.flows.packet(entry, this.name, pkt);
    let connection = this.connections.get(entry);
    if (connection === undefined) {
      connection = new Connection(this, entry, flow);
      this.connections.set(entry, connection);
    }
    return connection.segment(pkt, directionOf(ctInfo), start);
  }
}

/** One control connection: both directions of its stream, and what is made of them. */
class Connection {
  private readonly helper: StrictFtp;
  private readonly entry: number;
  private readonly control: FtpControl;
  private readonly sides: readonly [Side, Side];

  constructor(helper: StrictFtp, entry: number, flow: Flow) {
    this.helper = helper;
    this.entry = entry;
    const { expecting, loose, services } = helper;
    const ports = new DataPorts(entry, helper, expecting, loose, (side, line, start, end, replacement) =>
      this.edit(side, line, start, end, replacement),
    );
    this.control = new FtpControl(flow, services.flows, ports);
    this.sides = [this.makeSide(0), this.makeSide(1)];
  }

  private makeSide(side: number): Side {
    const { control } = this;
    const lines = new LineReader({
      line: (line) => {
        if (side === 0) control.client(line);
        else control.server(line);
        this.settle(side, line.endSeq, line);
      },
      passedOver: (beginning) => this.settle(side, beginning.endSeq, beginning),
    });
    return new Side(lines, () => control.lost());
  }

  segment(pkt: PacketBuffer, direction: number, start: number): number {
    const { bytes, l4, l3End } = pkt;
    const flags = tcp.flags(bytes, l4);
    let seq = tcp.seq(bytes, l4);
    const side = this.sides[direction]!;
    if ((flags & tcp.SYN) !== 0) side.begin((seq = (seq + 1) | 0));
    if (start === l3End) return Verdict.ACCEPT;
    if (!this.control.isOver) {
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
        return this.mayEdit(direction) ? this.refuse(pkt, 'out of order, must come again') : Verdict.ACCEPT;
      case Fed.CONTRADICTS:
        return this.refuse(pkt, 'says other than before under the same sequence numbers');
    }
  }

  private mayEdit(direction: number): boolean {
    if (!this.helper.expecting.isTranslated(this.entry)) return false;
    return direction === 0 || this.control.awaitsServerPort;
  }

  private refuse(pkt: PacketBuffer, why: string): number {
    logRefusal(this.helper.services, this.helper.name, pkt, why);
    return Verdict.DROP;
  }

  // ── Editing ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The beginning of a line that may have to be changed waits for its end; one that need not goes on. */
  private holdBack(direction: number, side: Side, isLast: boolean): void {
    const { partial, partialSeq } = side.lines;
    const { sequences } = this.helper.services;
    const endSeq = partialSeq + partial.length;
    const mayChange =
      partial.length <= LONGEST_HELD &&
      !isLast &&
      this.mayEdit(direction) &&
      (direction === 0 ? mayNamePort(partial) : mayNameServerPort(partial));
    if (mayChange) sequences.edits(this.entry, direction).hold(partialSeq);
    else sequences.editsOf(this.entry, direction)?.settle(endSeq, bytesOf(partial));
  }

  /** What was held back of a line goes on as it is, unless it was edited. */
  private settle(direction: number, endSeq: number, line: Line): void {
    const { sequences } = this.helper.services;
    sequences.editsOf(this.entry, direction)?.settle(endSeq, bytesOf(withEnd(line, line.text)));
  }

  private edit(direction: number, line: Line, start: number, end: number, replacement: Uint8Array): void {
    const edits = this.helper.services.sequences.edits(this.entry, direction);
    if (!edits.isHolding) {
      edits.replace((line.seq + start) | 0, (line.seq + end) | 0, replacement);
      return;
    }
    const { text } = line;
    const changed = text.slice(0, start) + String.fromCharCode(...replacement) + text.slice(end);
    edits.settle(line.endSeq, bytesOf(withEnd(line, changed)));
  }

  private rewrite(pkt: PacketBuffer, direction: number, seq: number, start: number): number {
    const edits = this.helper.services.sequences.editsOf(this.entry, direction);
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

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
