/**
 * A socket that carries lines of JSON: bytes into lines, whatever pieces they come in, and messages out, with a bound on
 * both. A line that is too long, or not UTF-8, ends in a ProtocolError.
 */
import type { Socket } from 'node:net';
import { LIMITS, ProtocolError } from './protocol.ts';

const LINE_FEED = 0x0a;

export interface LineListener {
  /** May throw a ProtocolError. */
  line(text: string): void;
  /** The peer broke the rules; nothing more is read from it. */
  broken(error: ProtocolError): void;
  /** The peer has gone, or says no more. */
  closed(): void;
}

export class LineSocket {
  private readonly socket: Socket;
  private readonly listener: LineListener;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  /** Pieces of a line whose end has not come. */
  private begun: Uint8Array[] = [];
  private begunBytes = 0;
  private isOver = false;

  constructor(socket: Socket, listener: LineListener) {
    this.socket = socket;
    this.listener = listener;
    socket.on('data', (bytes: Buffer) => this.read(bytes));
    // 'close' follows, and says all that matters.
    socket.on('error', () => {});
    socket.on('close', () => listener.closed());
  }

  /** False when the peer does not read and was cut off. */
  send(message: object): boolean {
    if (this.isOver || this.socket.destroyed) return false;
    this.socket.write(`${JSON.stringify(message)}\n`);
    if (this.socket.writableLength <= LIMITS.queuedBytes) return true;
    this.socket.destroy();
    return false;
  }

  /** Says what was written, then ends. */
  end(): void {
    this.isOver = true;
    this.socket.end();
    this.socket.resume();
  }

  destroy(): void {
    this.isOver = true;
    this.socket.destroy();
  }

  private read(bytes: Uint8Array): void {
    if (this.isOver) return;
    try {
      let start = 0;
      for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, start)) {
        this.add(bytes.subarray(start, at));
        this.listener.line(this.takeLine());
        if (this.isOver) return;
        start = at + 1;
      }
      if (start < bytes.length) this.add(bytes.subarray(start));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.listener.broken(error);
    }
  }

  private add(piece: Uint8Array): void {
    this.begunBytes += piece.length;
    if (this.begunBytes > LIMITS.lineBytes) {
      this.begun = [];
      throw new ProtocolError(`a line has more than ${LIMITS.lineBytes} bytes`);
    }
    this.begun.push(piece);
  }

  private takeLine(): string {
    const bytes = this.begun.length === 1 ? this.begun[0]! : Buffer.concat(this.begun);
    this.begun = [];
    this.begunBytes = 0;
    try {
      return this.decoder.decode(bytes);
    } catch {
      throw new ProtocolError('a line is not UTF-8');
    }
  }
}
