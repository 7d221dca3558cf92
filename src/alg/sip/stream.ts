/**
 * SIP over TCP: the stream cut into messages by Content-Length (RFC 3261 18.3), which has to be there. At the first thing
 * that is no message the connection is left alone for good: where the next one would begin, nobody knows.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import { EditedConnection, type Chunker, type StreamProtocol } from '../edited-connection.ts';
import type { AlgServices } from '../services.ts';
import { readHead, type SipHead } from './grammar.ts';

/** What a message becomes; null where it must go on as it is. */
export type ReadMessage = (text: string, head: SipHead, side: number, pkt: PacketBuffer) => string | null;

export class SipStream extends EditedConnection {
  protected readonly protocol: StreamProtocol;
  private isOver = false;
  private pkt: PacketBuffer | null = null;

  constructor(
    services: AlgServices,
    helper: string,
    entry: number,
    isTranslated: () => boolean,
    read: ReadMessage,
  ) {
    const chunker = (side: number): MessageChunker =>
      new MessageChunker(
        (text, head, seq) => {
          const endSeq = (seq + text.length) | 0;
          const changed = read(text, head, side, this.pkt!) ?? text;
          if (changed === text) this.pass(side, endSeq, text);
          else this.change(side, seq, endSeq, 0, text.length, bytesOfText(changed), () => changed);
        },
        (text, seq) => {
          this.isOver = true;
          this.pass(side, (seq + text.length) | 0, text);
        },
      );
    super(services, helper, entry, [chunker(0), chunker(1)]);
    const isOver = (): boolean => this.isOver;
    this.protocol = {
      get isOver() {
        return isOver();
      },
      lost: () => (this.isOver = true),
      mayEdit: isTranslated,
      mayChange: () => true,
    };
  }

  override segment(pkt: PacketBuffer, direction: number, start: number): number {
    this.pkt = pkt;
    return super.segment(pkt, direction, start);
  }
}

class MessageChunker implements Chunker {
  private readonly told: (text: string, head: SipHead, seq: number) => void;
  private readonly broken: (text: string, seq: number) => void;
  partial = '';
  partialSeq = 0;
  private isBroken = false;

  constructor(
    told: (text: string, head: SipHead, seq: number) => void,
    broken: (text: string, seq: number) => void,
  ) {
    this.told = told;
    this.broken = broken;
  }

  gap(): void {
    this.isBroken = true;
    this.partial = '';
  }

  bytes(from: Uint8Array, start: number, end: number, seq: number): void {
    if (this.isBroken) return;
    if (this.partial === '') this.partialSeq = seq;
    this.partial += textOfBytes(from, start, end);
    while (this.partial !== '' && this.takeOne());
  }

  /** False when the next message has not come whole. */
  private takeOne(): boolean {
    // Empty lines between messages are keep-alives (RFC 5626 3.5.1).
    const blank = /^(?:\r\n)+/.exec(this.partial)?.[0].length ?? 0;
    if (blank > 0) return this.advance(blank);
    const { partial, partialSeq } = this;
    const head = readHead(partial);
    if (head === null) return this.mayBecome(partial) ? false : this.giveUp();
    if (typeof head === 'string' || head.bodyLength < 0) return this.giveUp();
    const length = head.length + head.bodyLength;
    if (partial.length < length) return false;
    this.advance(length);
    this.told(partial.slice(0, length), head, partialSeq);
    return true;
  }

  private advance(length: number): true {
    this.partial = this.partial.slice(length);
    this.partialSeq = (this.partialSeq + length) | 0;
    return true;
  }

  /** A first line that has only begun, or is one. */
  private mayBecome(text: string): boolean {
    const line = text.split('\r\n', 1)[0]!;
    const isWhole = line.length < text.length;
    if (isWhole) return /^(?:[A-Z]{3,20} \S+ SIP\/2\.0|SIP\/2\.0 \d{3} .*)$/.test(line);
    return (
      line.length < 1100 &&
      /^(?:\r|[A-Z]{1,20}|[A-Z]{3,20} [\x21-\x7e]*(?: [SIP/2.0]{0,7}\r?)?|SIP\/[\d. ]*[^\x00]*)$/.test(line)
    );
  }

  private giveUp(): false {
    this.isBroken = true;
    const { partial, partialSeq } = this;
    this.partial = '';
    this.broken(partial, partialSeq);
    return false;
  }
}
