/**
 * SIP over TCP: the stream cut into messages by Content-Length (RFC 3261 18.3), which has to be there. Empty lines between
 * them are keep-alives (RFC 5626 3.5.1).
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { NO_FRAME, UNKNOWN_YET, type FrameProtocol } from '../framed-connection.ts';
import { readHead, type SipHead } from './grammar.ts';

/** What a message becomes; null where it must go on as it is. */
export type ReadMessage = (text: string, head: SipHead, side: number, pkt: PacketBuffer) => string | null;

export class SipFrames implements FrameProtocol {
  readonly mayEdit: () => boolean;
  private readonly readMessage: ReadMessage;
  /** Of the message whose length was asked for last, which is the one that is read; null for keep-alives. */
  private head: SipHead | null = null;

  constructor(isTranslated: () => boolean, read: ReadMessage) {
    this.mayEdit = isTranslated;
    this.readMessage = read;
  }

  lengthOf(text: string): number {
    this.head = null;
    const blank = /^(?:\r\n)+/.exec(text)?.[0].length ?? 0;
    if (blank > 0) return blank;
    const head = readHead(text);
    if (head === null) return mayBecome(text) ? UNKNOWN_YET : NO_FRAME;
    if (typeof head === 'string' || head.bodyLength < 0) return NO_FRAME;
    this.head = head;
    return head.length + head.bodyLength;
  }

  mayChange(): boolean {
    return true;
  }

  read(text: string, side: number, pkt: PacketBuffer): string {
    return this.head === null ? text : (this.readMessage(text, this.head, side, pkt) ?? text);
  }
}

/** A first line that has only begun, or is one. */
function mayBecome(text: string): boolean {
  const line = text.split('\r\n', 1)[0]!;
  const isWhole = line.length < text.length;
  if (isWhole) return /^(?:[A-Z]{3,20} \S+ SIP\/2\.0|SIP\/2\.0 \d{3} .*)$/.test(line);
  return (
    line.length < 1100 &&
    /^(?:\r|[A-Z]{1,20}|[A-Z]{3,20} [\x21-\x7e]*(?: [SIP/2.0]{0,7}\r?)?|SIP\/[\d. ]*[^\x00]*)$/.test(line)
  );
}
