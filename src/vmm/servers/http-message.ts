/** Requests of HTTP/1.1 on the wire (RFC 9112), read from a stream of bytes: heads, and bodies by length or in chunks. */

const MOST_HEAD_BYTES = 16 * 1024;
const MOST_BODY_BYTES = 16 * 1024 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/** What a request is answered with that cannot be served; the status says why. */
export class HttpMistake extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpMistake';
    this.status = status;
  }
}

export interface RequestHead {
  readonly method: string;
  /** As it was sent: a path, or a whole address. */
  readonly target: string;
  readonly headers: Headers;
}

/** RFC 9110 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export class MessageReader {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** What came and was not read yet. */
  private held = new Uint8Array(0);

  constructor(readable: ReadableStream<Uint8Array>) {
    this.reader = readable.getReader();
  }

  /** Undefined when the peer ends before it asks for anything. Throws HttpMistake. */
  async head(): Promise<RequestHead | undefined> {
    let budget = MOST_HEAD_BYTES;
    const next = async () => {
      const line = await this.line(budget);
      budget -= (line?.length ?? 0) + 2;
      return line;
    };
    const first = await next();
    if (first === undefined) return undefined;
    const [, method, target] = /^(\S+) (\S+) HTTP\/1\.[01]$/.exec(first) ?? [];
    if (method === undefined || !TOKEN.test(method)) throw new HttpMistake(400, 'no request of HTTP/1');
    const headers = new Headers();
    for (let line = await next(); line !== ''; line = await next()) {
      const colon = line?.indexOf(':') ?? -1;
      if (line === undefined || !TOKEN.test(line.slice(0, Math.max(0, colon))))
        throw new HttpMistake(400, 'a header line that is none');
      append(headers, line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return { method, target: target!, headers };
  }

  /** Throws HttpMistake. */
  async body({ headers }: RequestHead): Promise<Uint8Array<ArrayBuffer>> {
    const coding = headers.get('transfer-encoding');
    const length = headers.get('content-length');
    if (coding === null) {
      if (length === null) return new Uint8Array(0);
      if (!/^\d{1,15}$/.test(length)) throw new HttpMistake(400, 'a length that is none');
      return this.exactly(Number(length));
    }
    // RFC 9112 6.3: a message with both may be meant to be read in two ways.
    if (length !== null || coding.toLowerCase() !== 'chunked') throw new HttpMistake(400, 'what coding?');
    return this.chunks();
  }

  private async chunks(): Promise<Uint8Array<ArrayBuffer>> {
    let all = new Uint8Array(0);
    for (;;) {
      const line = (await this.line(MOST_HEAD_BYTES)) ?? '';
      const [, size] = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(line) ?? [];
      if (size === undefined) throw new HttpMistake(400, 'a chunk without its size');
      const length = parseInt(size, 16);
      if (length === 0) break;
      if (all.length + length > MOST_BODY_BYTES) throw new HttpMistake(413, 'more than is taken');
      all = joined(all, await this.exactly(length));
      if ((await this.line(0)) !== '') throw new HttpMistake(400, 'a chunk longer than its size');
    }
    // Trailers are nobody's business here.
    while ((await this.line(MOST_HEAD_BYTES)) !== '');
    return all;
  }

  private async exactly(length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (length > MOST_BODY_BYTES) throw new HttpMistake(413, 'more than is taken');
    while (this.held.length < length) {
      if (!(await this.more())) throw new HttpMistake(400, 'ended too early');
    }
    const bytes = this.held.slice(0, length);
    this.held = this.held.slice(length);
    return bytes;
  }

  /** Without its end; undefined at the end of the stream. Throws HttpMistake for a longer one than that. */
  private async line(most: number): Promise<string | undefined> {
    let from = 0;
    for (;;) {
      const at = this.held.indexOf(LF, from);
      if ((at < 0 ? this.held.length : at) > most + 1) throw new HttpMistake(431, 'a line that does not end');
      if (at >= 0) {
        const end = this.held[at - 1] === CR ? at - 1 : at;
        const text = String.fromCharCode(...this.held.subarray(0, end));
        this.held = this.held.slice(at + 1);
        return text;
      }
      from = this.held.length;
      if (!(await this.more())) return undefined;
    }
  }

  private async more(): Promise<boolean> {
    const { value, done } = await this.reader.read();
    if (done) return false;
    this.held = joined(this.held, value);
    return true;
  }
}

function append(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    throw new HttpMistake(400, `a value of ${name} that is none`);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
