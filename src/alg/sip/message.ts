/**
 * SIP messages as text that can be rewritten, one character a byte: a text of its own (SipText), or one within a packet
 * whose bytes follow at once (SipMessage).
 */
import { formatIp } from '../../wire/address.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Address } from '../address.ts';
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import { replaceBytes } from '../payload.ts';

export class SipText {
  text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Puts `words` in the place of a part. False, and nothing changed, when there is no room. */
  replace(at: number, length: number, words: string): boolean {
    this.text = this.text.slice(0, at) + words + this.text.slice(at + length);
    return true;
  }
}

export class SipMessage extends SipText {
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

/** An address as it stands in URIs (IPv6 in brackets) or session descriptions. */
export function addressText(family: number, address: Address, delimited: boolean): string {
  const text = formatIp(family, address[0]!, address[1]!, address[2]!, address[3]!);
  return family === 6 && delimited ? `[${text}]` : text;
}
