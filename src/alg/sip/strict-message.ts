/** A message as the strict helper holds it, one after the other: its head and its body, each of which can be rewritten. */
import { EditedText } from '../edited-text.ts';
import { HeadReader, headLength, type SipHead } from './grammar.ts';

export class StrictMessage {
  readonly top = new EditedText();
  readonly body = new EditedText();
  private readonly heads = new HeadReader();

  /** What a datagram carries, which may be longer; or why that is no message. */
  readDatagram(bytes: Uint8Array, start: number, end: number): SipHead | string {
    const { top, body } = this;
    top.load(bytes, start, end);
    const length = headLength(top, 0);
    if (length < 0) return 'headers without an end';
    top.split(length, body);
    const head = this.heads.read(top);
    if (typeof head === 'string') return head;
    if (head.bodyLength > body.length) return 'longer than its datagram';
    if (head.bodyLength >= 0) body.length = head.bodyLength;
    return head;
  }

  /** First line, headers and blank line alone. */
  readHead(text: string): SipHead | string {
    this.top.loadText(text);
    return this.heads.read(this.top);
  }

  /** The same message again, with its body. */
  load(text: string, headLength: number): void {
    this.top.loadText(text);
    this.top.split(headLength, this.body);
  }

  get isChanged(): boolean {
    return this.top.isChanged || this.body.isChanged;
  }

  /** Head and body. */
  get whole(): Uint8Array {
    const { top, body } = this;
    const bytes = new Uint8Array(top.length + body.length);
    bytes.set(top.bytes.subarray(0, top.length));
    bytes.set(body.bytes.subarray(0, body.length), top.length);
    return bytes;
  }
}
