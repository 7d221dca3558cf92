/**
 * The server's side: a running instance lets its owner's programs act on it.
 *
 *     const server = new ControlServer(instance, 'gateway.sock');
 *     await server.start();      …      await server.close();
 *
 * What runs for one peer and what a peer sends never disturbs another, nor the instance: a peer that breaks the rules is
 * told so and cut off, and what ran for it is cancelled.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { LineSocket } from './line-socket.ts';
import {
  LIMITS,
  parseClientMessage,
  PROTOCOL_VERSION,
  ProtocolError,
  type InputPiece,
  type RunRequest,
  type ServerMessage,
} from './protocol.ts';
import { listenAt } from './socket-file.ts';
import { pieceEnd } from './text-pieces.ts';

/** What an instance gives a program that it runs for a peer. */
export interface RunIo {
  out(text: string): void;
  err(text: string): void;
  /** All of standard input; rejects when the peer goes. */
  readInput(): Promise<string>;
  /** What file names are relative to. */
  readonly cwd: string;
  /** The word of argv, counted from 0, that was not understood. */
  pointAt(word: number): void;
  /** The peer wants no more, or has gone. */
  readonly cancelled: AbortSignal;
}

/** What can be commanded. */
export interface ControlledInstance {
  /** `replay`, `lab`, `network`. */
  readonly kind: string;
  /** Hosts and switches, the one that is meant when none is named first. */
  readonly nodes: readonly string[];
  /** What `run` knows by name. */
  readonly programs: readonly string[];
  /** Runs a program on a node; its exit status. Complaints about words go to `io.err`; it rejects for defects only. */
  run(node: string, argv: readonly string[], io: RunIo): Promise<number>;
}

/** As a shell has it for a program that a signal ended (128 + SIGINT). */
const CANCELLED_STATUS = 130;
/** The instance has a defect (sysexits: EX_SOFTWARE). */
const DEFECT_STATUS = 70;

export class ControlServer {
  readonly path: string;
  private readonly instance: ControlledInstance;
  private readonly peers = new Set<Peer>();
  private readonly server: Server;

  constructor(instance: ControlledInstance, path: string) {
    this.instance = instance;
    this.path = path;
    this.server = createServer((socket) => this.welcome(socket));
  }

  /** Rejects with a SluiceError when the path is not to be had. */
  start(): Promise<void> {
    return listenAt(this.server, this.path);
  }

  /** Cancels what runs and goes; the socket's file goes with it. */
  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy();
    if (this.server.listening) await new Promise((closed) => this.server.close(closed));
  }

  get connections(): number {
    return this.peers.size;
  }

  /** Whether the process should live on for the sake of this server alone. */
  unref(): void {
    this.server.unref();
  }

  private welcome(socket: Socket): void {
    const peer = new Peer(socket, this.instance, () => this.peers.delete(peer));
    this.peers.add(peer);
    if (this.peers.size > LIMITS.connections) peer.refuse(`more than ${LIMITS.connections} connections`);
  }
}

/** One connection. */
class Peer {
  private readonly instance: ControlledInstance;
  private readonly lines: LineSocket;
  private readonly running = new Map<number, Run>();
  private isGreeted = false;

  constructor(socket: Socket, instance: ControlledInstance, gone: () => void) {
    this.instance = instance;
    this.lines = new LineSocket(socket, {
      line: (text) => this.take(text),
      broken: (error) => this.refuse(error.message),
      closed: () => {
        for (const run of this.running.values()) run.cancel();
        gone();
      },
    });
  }

  refuse(message: string): void {
    this.send({ type: 'error', id: null, message });
    this.lines.end();
  }

  destroy(): void {
    this.lines.destroy();
  }

  private send(message: ServerMessage): void {
    this.lines.send(message);
  }

  private take(line: string): void {
    const message = parseClientMessage(line);
    if (message.type === 'hello') return this.greet(message.version);
    if (!this.isGreeted) throw new ProtocolError('the first message must be hello');
    if (message.type === 'run') return this.run(message);
    const run = this.running.get(message.id);
    // What was said to a program that has just ended crossed the news.
    if (run === undefined) return;
    if (message.type === 'cancel') run.cancel();
    else run.feed(message);
  }

  private greet(version: number): void {
    if (version !== PROTOCOL_VERSION) {
      throw new ProtocolError(`version ${version} is not spoken here, only ${PROTOCOL_VERSION}`);
    }
    this.isGreeted = true;
    const { kind, nodes, programs } = this.instance;
    this.send({ type: 'hello', version: PROTOCOL_VERSION, kind, nodes, programs });
  }

  private run(request: RunRequest): void {
    const { id } = request;
    const node = request.node ?? this.instance.nodes[0] ?? '';
    const refusal = this.running.has(id)
      ? `a program with the id ${id} is running`
      : this.running.size >= LIMITS.programs
        ? `more than ${LIMITS.programs} programs at once`
        : this.instance.nodes.includes(node)
          ? null
          : `no node "${node}"; there are ${this.instance.nodes.join(', ') || 'none'}`;
    if (refusal !== null) return this.send({ type: 'error', id, message: refusal });
    const run = new Run(request, (message) => this.send(message));
    this.running.set(id, run);
    void this.instance
      .run(node, request.argv, run)
      .catch((error: unknown) => {
        if (run.cancelled.aborted) return CANCELLED_STATUS;
        run.err(`internal error: ${error instanceof Error ? error.message : String(error)}\n`);
        return DEFECT_STATUS;
      })
      .then((status) => {
        this.running.delete(id);
        this.send({ type: 'exit', id, status, word: run.word });
      });
  }
}

/** A program that runs for a peer. */
class Run implements RunIo {
  readonly cwd: string;
  word: number | null = null;
  private readonly id: number;
  private readonly send: (message: ServerMessage) => void;
  private readonly aborter = new AbortController();
  private readonly input: string[] = [];
  private inputChars = 0;
  private whole: Promise<string> | null = null;
  private gotWhole: (text: string) => void = () => {};

  constructor({ id, cwd }: RunRequest, send: (message: ServerMessage) => void) {
    this.id = id;
    this.cwd = cwd ?? process.cwd();
    this.send = send;
  }

  get cancelled(): AbortSignal {
    return this.aborter.signal;
  }

  cancel(): void {
    this.aborter.abort();
  }

  out(text: string): void {
    this.say('out', text);
  }

  err(text: string): void {
    this.say('err', text);
  }

  pointAt(word: number): void {
    this.word = word;
  }

  readInput(): Promise<string> {
    this.whole ??= new Promise((done, failed) => {
      this.gotWhole = done;
      this.cancelled.addEventListener('abort', () => failed(new Error('cancelled')), { once: true });
      this.send({ type: 'input', id: this.id });
    });
    return this.whole;
  }

  feed({ text, end }: InputPiece): void {
    if (this.whole === null) throw new ProtocolError('input that nobody asked for');
    this.inputChars += text.length;
    if (this.inputChars > LIMITS.inputBytes) throw new ProtocolError('too much input');
    this.input.push(text);
    if (end) this.gotWhole(this.input.join(''));
  }

  private say(type: 'out' | 'err', text: string): void {
    for (let at = 0; at < text.length;) {
      const end = pieceEnd(text, at, LIMITS.textChars);
      this.send({ type, id: this.id, text: text.slice(at, end) });
      at = end;
    }
  }
}
