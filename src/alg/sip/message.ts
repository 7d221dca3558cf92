/** A SIP message within a packet, whose bytes follow each change at once. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { bytesOfText } from '../byte-text.ts';
import { EditedText } from '../edited-text.ts';
import { replaceBytes } from '../payload.ts';

export class SipMessage extends EditedText {
  private pkt: PacketBuffer | null = null;
  /** From the transport header; the packet's memory may move. */
  private offset = 0;

  loadFrom(pkt: PacketBuffer, start: number, end: number): void {
    this.load(pkt.bytes, start, end);
    this.pkt = pkt;
    this.offset = start - pkt.l4;
  }

  override replace(at: number, length: number, words: string): boolean {
    const pkt = this.pkt!;
    if (!replaceBytes(pkt, pkt.l4 + this.offset + at, length, bytesOfText(words))) return false;
    return super.replace(at, length, words);
  }
}
