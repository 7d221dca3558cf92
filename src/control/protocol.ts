/**
 * The control protocol, version 1: what a running instance and a program that acts on it say to each other. One JSON object
 * a line, in UTF-8, over a Unix socket; docs/control-socket.md describes it for those who write the other side.
 *
 *     client                                      server
 *     {"type":"hello","version":1}          ─►
 *                                           ◄─    {"type":"hello","version":1,"kind":"replay","nodes":["gateway"],…}
 *     {"type":"run","id":1,"argv":[…],…}    ─►
 *                                           ◄─    {"type":"out","id":1,"text":"…"}     any number, as it comes
 *                                           ◄─    {"type":"exit","id":1,"status":0}
 *
 * Whatever comes over the socket is read here and nowhere else: what these functions return is of the right kind.
 */
export const PROTOCOL_VERSION = 1;

/** What a peer may ask for; beyond, it is refused. Bytes, or numbers of things. */
export const LIMITS = {
  /** Of one line, without its end. */
  lineBytes: 1 << 20,
  /** That wait for a peer that does not read; it is then cut off. */
  queuedBytes: 64 << 20,
  /** Of the standard input of one program. */
  inputBytes: 64 << 20,
  /** Programs that run at once for one connection. */
  programs: 32,
  connections: 64,
  /** Of text in one line that the server sends. */
  textChars: 1 << 16,
} as const;

export interface ClientHello {
  readonly type: 'hello';
  readonly version: number;
}

export interface RunRequest {
  readonly type: 'run';
  /** Chosen by the client; names the program in all that is said of it. */
  readonly id: number;
  /** The program's name and its arguments. */
  readonly argv: readonly string[];
  /** The host or switch to act on; the instance's first when absent. */
  readonly node: string | null;
  /** What file names are relative to; the instance's own folder when absent. */
  readonly cwd: string | null;
}

/** Standard input, asked for by `input`: any number of pieces, the last with `end`. */
export interface InputPiece {
  readonly type: 'input';
  readonly id: number;
  readonly text: string;
  readonly end: boolean;
}

export interface CancelRequest {
  readonly type: 'cancel';
  readonly id: number;
}

export type ClientMessage = ClientHello | RunRequest | InputPiece | CancelRequest;

export interface ServerHello {
  readonly type: 'hello';
  readonly version: number;
  /** `replay`, `lab`, `network`. */
  readonly kind: string;
  readonly nodes: readonly string[];
  readonly programs: readonly string[];
}

export type ServerMessage =
  | ServerHello
  | { readonly type: 'out' | 'err'; readonly id: number; readonly text: string }
  /** The program wants standard input. */
  | { readonly type: 'input'; readonly id: number }
  /** `word`: the one of argv, counted from 0, that was not understood; null where none is to blame. */
  | { readonly type: 'exit'; readonly id: number; readonly status: number; readonly word: number | null }
  /** What the peer said is not to be had. Without an id, the connection ends. */
  | { readonly type: 'error'; readonly id: number | null; readonly message: string };

/** The peer broke the rules. */
export class ProtocolError extends Error {
  readonly id: number | null;

  constructor(message: string, id: number | null = null) {
    super(message);
    this.name = 'ProtocolError';
    this.id = id;
  }
}

export function parseClientMessage(line: string): ClientMessage {
  const message = objectOf(line);
  switch (message.get('type')) {
    case 'hello':
      return { type: 'hello', version: integerAt(message, 'version') };
    case 'run':
      return parseRun(message);
    case 'input': {
      const id = integerAt(message, 'id');
      return { type: 'input', id, text: textAt(message, 'text') ?? '', end: message.get('end') === true };
    }
    case 'cancel':
      return { type: 'cancel', id: integerAt(message, 'id') };
    default:
      throw new ProtocolError(`no such type of message: ${shown(message.get('type'))}`);
  }
}

function parseRun(message: Message): RunRequest {
  const id = integerAt(message, 'id');
  const argv = message.get('argv');
  if (!isTexts(argv) || argv.length === 0) throw new ProtocolError('argv: must be a list of words', id);
  // No process of Linux could be given such a word.
  if (argv.some((word) => word.includes('\0'))) throw new ProtocolError('argv: NUL in a word', id);
  return { type: 'run', id, argv, node: textAt(message, 'node'), cwd: textAt(message, 'cwd') };
}

export function parseServerMessage(line: string): ServerMessage {
  const message = objectOf(line);
  const type = message.get('type');
  switch (type) {
    case 'hello': {
      const [nodes, programs] = [message.get('nodes'), message.get('programs')];
      if (!isTexts(nodes) || !isTexts(programs))
        throw new ProtocolError('hello: nodes or programs are missing');
      const version = integerAt(message, 'version');
      return { type, version, kind: textAt(message, 'kind') ?? '', nodes, programs };
    }
    case 'out':
    case 'err':
      return { type, id: integerAt(message, 'id'), text: textAt(message, 'text') ?? '' };
    case 'input':
      return { type, id: integerAt(message, 'id') };
    case 'exit':
      return {
        type,
        id: integerAt(message, 'id'),
        status: integerAt(message, 'status'),
        word: message.get('word') == null ? null : integerAt(message, 'word'),
      };
    case 'error':
      return {
        type,
        id: message.get('id') == null ? null : integerAt(message, 'id'),
        message: textAt(message, 'message') ?? '',
      };
    default:
      throw new ProtocolError(`no such type of message: ${shown(type)}`);
  }
}

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A map, so that no key is found that the peer did not send. */
type Message = ReadonlyMap<string, unknown>;

function objectOf(line: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ProtocolError('a line is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('a line is not a JSON object');
  }
  return new Map(Object.entries(value));
}

function integerAt(message: Message, key: string): number {
  const value = message.get(key);
  if (!Number.isSafeInteger(value)) throw new ProtocolError(`${key}: must be a whole number`);
  return value as number;
}

function textAt(message: Message, key: string): string | null {
  const value = message.get(key);
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new ProtocolError(`${key}: must be text`);
  return value;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

const SHOWN_CHARS = 40;

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, SHOWN_CHARS);
}
