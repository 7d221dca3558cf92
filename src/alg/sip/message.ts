/** A SIP message within a packet, whose bytes follow each change at once. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import { EditedText } from '../edited-text.ts';
import { replaceBytes } from '../payload.ts';

export class SipMessage extends EditedText {
  readonly pkt: PacketBuffer;
  /** From the transport header; the packet's memory may move. */
  private readonly offset: number;

  constructor(pkt: PacketBuffer, start: number, end: number) {
    super(textOfBytes(pkt.bytes, start, end));
    this.pkt = pkt;
    this.offset = start - pkt.l4;
  }

  override replace(at: number, length: number, words: string): boolean {
    const { pkt } = this;
    if (!replaceBytes(pkt, pkt.l4 + this.offset + at, length, bytesOfText(words))) return false;
    return super.replace(at, length, words);
  }
}
