/**
 * The client's side: connects to a running instance and runs programs there.
 *
 *     const client = await ControlClient.connect('gateway.sock');
 *     const status = await client.run({ argv: ['iptables', '-nvL'] }, { out, err, readInput, cancelled });
 *     client.close();
 */
import { connect, type Socket } from 'node:net';
import { SluiceError } from '../base/errors.ts';
import { LineSocket } from './line-socket.ts';
import {
  LIMITS,
  parseServerMessage,
  PROTOCOL_VERSION,
  ProtocolError,
  type ServerHello,
  type ServerMessage,
} from './protocol.ts';
import type { RunIo } from './server.ts';
import { pieceEnd } from './text-pieces.ts';

export interface RunWords {
  readonly argv: readonly string[];
  readonly node?: string;
}

export class ControlClient {
  /** What the instance said of itself. */
  readonly hello: ServerHello;
  private readonly lines: LineSocket;
  private readonly path: string;
  private readonly pending: Map<number, Pending>;
  private lastId = 0;

  private constructor(path: string, hello: ServerHello, lines: LineSocket, pending: Map<number, Pending>) {
    this.path = path;
    this.hello = hello;
    this.lines = lines;
    this.pending = pending;
  }

  /** Rejects with a SluiceError when nobody is there, or somebody else. */
  static connect(path: string): Promise<ControlClient> {
    const problem = (message: string) => new SluiceError('CONTROL', message, { file: path });
    return new Promise((connected, failed) => {
      const socket: Socket = connect({ path });
      const pending = new Map<number, Pending>();
      let client: ControlClient | null = null;
      const lost = (message: string) => {
        failed(problem(message));
        for (const one of pending.values()) one.failed(problem(message));
        pending.clear();
      };
      socket.once('error', (error: NodeJS.ErrnoException) => failed(problem(explain(error))));
      const lines = new LineSocket(socket, {
        line: (text) => {
          const message = parseServerMessage(text);
          if (message.type === 'hello') {
            client = new ControlClient(path, message, lines, pending);
            connected(client);
          } else if (message.type === 'error' && message.id === null) lost(message.message);
          else if (client !== null) client.take(message);
          else throw new ProtocolError('the first message is not hello');
        },
        broken: ({ message }) => {
          lines.destroy();
          lost(`this is no control socket of Sluice: ${message}`);
        },
        closed: () => lost('the instance has gone'),
      });
      socket.once('connect', () => lines.send({ type: 'hello', version: PROTOCOL_VERSION }));
    });
  }

  /** Runs a program; its exit status. Rejects with a SluiceError when the instance refuses or goes. */
  run({ argv, node }: RunWords, io: RunIo): Promise<number> {
    const id = ++this.lastId;
    return new Promise((done, failed) => {
      const cancel = () => void this.lines.send({ type: 'cancel', id });
      const finish = () => {
        io.cancelled.removeEventListener('abort', cancel);
        this.pending.delete(id);
      };
      this.pending.set(id, {
        io,
        done: (status) => {
          finish();
          done(status);
        },
        failed: (error) => {
          finish();
          failed(error);
        },
      });
      if (!this.lines.send({ type: 'run', id, argv, node: node ?? null, cwd: io.cwd })) {
        this.pending
          .get(id)!
          .failed(new SluiceError('CONTROL', 'the instance has gone', { file: this.path }));
      }
      if (io.cancelled.aborted) cancel();
      else io.cancelled.addEventListener('abort', cancel, { once: true });
    });
  }

  close(): void {
    this.lines.end();
  }

  private take(message: ServerMessage): void {
    if (message.type === 'hello' || message.id === null) return;
    const run = this.pending.get(message.id);
    if (run === undefined) return;
    switch (message.type) {
      case 'out':
        return run.io.out(message.text);
      case 'err':
        return run.io.err(message.text);
      case 'input':
        return void this.sendInput(message.id, run);
      case 'exit':
        if (message.word !== null) run.io.pointAt(message.word);
        return run.done(message.status);
      case 'error':
        return run.failed(new SluiceError('CONTROL', message.message, { file: this.path }));
    }
  }

  private async sendInput(id: number, run: Pending): Promise<void> {
    try {
      const text = await run.io.readInput();
      let at = 0;
      do {
        const end = pieceEnd(text, at, LIMITS.textChars);
        this.lines.send({ type: 'input', id, text: text.slice(at, end), end: end === text.length });
        at = end;
      } while (at < text.length);
    } catch (error) {
      run.failed(error);
    }
  }
}

interface Pending {
  readonly io: RunIo;
  readonly done: (status: number) => void;
  readonly failed: (error: unknown) => void;
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'no running instance has its control socket there';
  if (code === 'ECONNREFUSED') return 'the instance that had its control socket there has gone';
  if (code === 'EACCES') return 'this control socket belongs to somebody else';
  return message;
}
