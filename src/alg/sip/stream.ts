/**
 * SIP over TCP: the stream cut into messages by Content-Length (RFC 3261 18.3), which has to be there. Empty lines between
 * them are keep-alives (RFC 5626 3.5.1).
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { NO_FRAME, UNKNOWN_YET, type FrameProtocol } from '../framed-connection.ts';
import { bytesOfText, textOfBytes } from '../byte-text.ts';
import { MAX_HEAD } from './grammar.ts';
import type { StrictMessage } from './strict-message.ts';

const BLANK_LINE = '\r\n\r\n';

/** Reads the message and rewrites it; false where it must go on as it is. */
export type ReadMessage = (side: number, pkt: PacketBuffer) => boolean;

export class SipFrames implements FrameProtocol {
  readonly mayEdit: () => boolean;
  changed: Uint8Array | null = null;
  private readonly readMessage: ReadMessage;
  /** What was asked for last, which is what is read: a message, not keep-alives. */
  private isMessage = false;
  private readonly message: StrictMessage;

  /** `message` is where one is held while it is read. */
  constructor(isTranslated: () => boolean, message: StrictMessage, read: ReadMessage) {
    this.message = message;
    this.mayEdit = isTranslated;
    this.readMessage = read;
  }

  readInPlace(bytes: Uint8Array, start: number, end: number, side: number, pkt: PacketBuffer): number {
    const { message } = this;
    if (message.read(bytes, start, end) !== null || message.head.bodyLength < 0) return 0;
    const { length } = message;
    const isChanged = this.readMessage(side, pkt) && message.isChanged;
    this.changed = isChanged ? message.joined().slice() : null;
    return length;
  }

  lengthOf(text: string): number {
    this.isMessage = false;
    const blank = /^(?:\r\n)+/.exec(text)?.[0].length ?? 0;
    if (blank > 0) return blank;
    const end = text.indexOf(BLANK_LINE);
    if (end < 0) return text.length <= MAX_HEAD && mayBecome(text) ? UNKNOWN_YET : NO_FRAME;
    const { head } = this.message;
    const bytes = bytesOfText(text.slice(0, end + BLANK_LINE.length));
    if (head.read(bytes, 0, bytes.length) !== null || head.bodyLength < 0) return NO_FRAME;
    this.isMessage = true;
    return head.length + head.bodyLength;
  }

  mayChange(): boolean {
    return true;
  }

  read(text: string, side: number, pkt: PacketBuffer): string {
    if (!this.isMessage) return text;
    const { message } = this;
    message.read(bytesOfText(text), 0, text.length);
    if (!this.readMessage(side, pkt) || !message.isChanged) return text;
    const changed = message.joined();
    return textOfBytes(changed, 0, changed.length);
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
