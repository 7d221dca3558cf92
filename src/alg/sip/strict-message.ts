/**
 * A message as the strict helper holds it, one after the other: its head and its body, each of which can be rewritten. Most
 * need not, so that either is looked at when somebody asks for it.
 */
import { EditedText } from '../edited-text.ts';
import { SessionDescription } from '../media/sdp.ts';
import { SipHead } from './grammar.ts';

const USUAL_LENGTH = 2048;

export class StrictMessage {
  readonly head = new SipHead();
  /** Of the body, once that was read as one. */
  readonly sdp = new SessionDescription();
  private readonly topText = new EditedText();
  private readonly bodyText = new EditedText();
  private out = new Uint8Array(USUAL_LENGTH);
  private hasTop = false;
  private hasBody = false;
  private bytes: Uint8Array = this.topText.bytes;
  private start = 0;
  /** Of the body. */
  private end = 0;

  /** What `bytes` begin with, which may be longer; null when it is a message, else why not. */
  read(bytes: Uint8Array, start: number, end: number): string | null {
    const { head } = this;
    const trouble = head.read(bytes, start, end);
    if (trouble !== null) return trouble;
    const bodyStart = start + head.length;
    if (head.bodyLength > end - bodyStart) return 'longer than its datagram';
    this.hasTop = this.hasBody = false;
    this.bytes = bytes;
    this.start = start;
    this.end = head.bodyLength < 0 ? end : bodyStart + head.bodyLength;
    return null;
  }

  /** Of head and body, as they came. */
  get length(): number {
    return this.end - this.start;
  }

  /** First line, headers and blank line. */
  get top(): EditedText {
    const { head, start } = this;
    if (!this.hasTop) this.topText.load(this.bytes, start, start + head.length, Infinity, head.lines);
    this.hasTop = true;
    return this.topText;
  }

  get body(): EditedText {
    if (!this.hasBody) this.bodyText.load(this.bytes, this.start + this.head.length, this.end);
    this.hasBody = true;
    return this.bodyText;
  }

  /** Of the body, as it came. */
  get bodyLength(): number {
    return this.end - this.start - this.head.length;
  }

  get isChanged(): boolean {
    return (this.hasTop && this.topText.isChanged) || (this.hasBody && this.bodyText.isChanged);
  }

  /** Head and body as edited, until the next message is joined. */
  joined(): Uint8Array {
    const { top, body } = this;
    const room = top.room + body.room;
    if (room > this.out.length) this.out = new Uint8Array(2 * room);
    return this.out.subarray(0, body.write(this.out, top.write(this.out, 0)));
  }
}
