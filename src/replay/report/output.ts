/**
 * Where reports go: text, gathered and written in large pieces. A replay runs without returning to the event loop, so
 * everything is written synchronously; Node's own streams would keep a large report in memory until the end.
 */
import * as fs from 'node:fs';
import { SluiceError } from '../../base/errors.ts';
import { describeSystemError } from '../../base/system-error.ts';
import type { ByteSink } from '../../capture/index.ts';

export interface Output {
  write(text: string): void;
  /** Hands everything on that was written so far. */
  flush(): void;
}

/** The reader of a pipe has gone (`sluice replay … | head`): no mistake of anybody's, and nothing more to do. */
export class OutputClosed extends Error {
  constructor() {
    super('the reader of the output is gone');
    this.name = 'OutputClosed';
  }
}

const STDOUT_FD = 1;
/** Bytes gathered before they are written; large enough that a system call costs nothing beside them. */
const GATHER = 1 << 18;
/** A UTF-16 unit becomes at most three bytes of UTF-8. */
const UTF8_MAX_RATIO = 3;
/** How long to sleep when a pipe is full. */
const WAIT_MS = 1;

/** A file descriptor, for text and for the bytes of a capture. Throws OutputClosed when nobody reads any more. */
export class FdOutput implements Output, ByteSink {
  private readonly fd: number;
  private readonly name: string;
  private readonly gathered = Buffer.allocUnsafeSlow(GATHER);
  private used = 0;

  /** Makes or replaces the file; `-` is standard output. */
  static create(path: string): FdOutput {
    if (path === '-') return new FdOutput(STDOUT_FD, 'standard output');
    try {
      return new FdOutput(fs.openSync(path, 'w'), path);
    } catch (error) {
      throw new SluiceError('OUTPUT', describeSystemError(error), { file: path });
    }
  }

  constructor(fd: number, name: string) {
    this.fd = fd;
    this.name = name;
  }

  write(text: string): void;
  write(bytes: Uint8Array, start: number, end: number): void;
  write(data: string | Uint8Array, start = 0, end = 0): void {
    if (typeof data !== 'string') return this.writeAll(data, start, end);
    const most = data.length * UTF8_MAX_RATIO;
    if (most > GATHER - this.used) this.flush();
    if (most <= GATHER) this.used += this.gathered.write(data, this.used);
    else this.writeAll(Buffer.from(data), 0, Buffer.byteLength(data));
  }

  flush(): void {
    const end = this.used;
    this.used = 0;
    if (end > 0) this.writeAll(this.gathered, 0, end);
  }

  close(): void {
    this.flush();
    if (this.fd !== STDOUT_FD) fs.closeSync(this.fd);
  }

  private writeAll(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      try {
        at += fs.writeSync(this.fd, bytes, at, end - at);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : '';
        if (code === 'EPIPE') throw new OutputClosed();
        if (code !== 'EAGAIN')
          throw new SluiceError('OUTPUT', describeSystemError(error), { file: this.name });
        Atomics.wait(sleeper, 0, 0, WAIT_MS);
      }
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Keeps the text: tests, and callers who want a report as a string. */
export class StringOutput implements Output {
  text = '';

  write(text: string): void {
    this.text += text;
  }

  flush(): void {}
}
