/**
 * Captures in files and on standard input and output: the only file of this room that touches Node.
 *
 * Everything is synchronous. A pipe that has nothing yet is waited for; the thread sleeps meanwhile.
 */
import * as fs from 'node:fs';
import { describeSystemError, errorCode } from '../base/system-error.ts';
import { CaptureError } from './errors.ts';
import { CaptureReader } from './reader.ts';
import type { ByteSink } from './sink.ts';
import type { ByteSource } from './source.ts';
import { KeptSource, LookingSource } from './standard-input.ts';

/** The path that stands for standard input or output, and the name that errors then show. */
const STANDARD = '-';
const STANDARD_INPUT = 'standard input';
const STANDARD_OUTPUT = 'standard output';
const STDIN_FD = 0;
const STDOUT_FD = 1;
/** How long to sleep when a descriptor that does not block has nothing to give or take. */
const WAIT_MS = 2;

/** Opens a capture, pcap or pcapng, compressed or not; `-` is standard input. Throws CaptureError. */
export function openCapture(path: string): CaptureReader {
  const source = FileSource.open(path);
  return CaptureReader.from(path === STANDARD ? new KeptSource(source) : source);
}

/** The same, only to look at its beginning: what is read of standard input is given again when it is opened. */
export function lookAtCapture(path: string): CaptureReader {
  const source = FileSource.open(path);
  return CaptureReader.from(path === STANDARD ? new LookingSource(source) : source);
}

export class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly cut: string | null = null;
  consumed = 0;
  private readonly fd: number;
  private open = true;

  static open(path: string): FileSource {
    if (path === STANDARD) return new FileSource(STDIN_FD, STANDARD_INPUT);
    const fd = attempt('CAPTURE_OPEN', path, () => fs.openSync(path, 'r'));
    return new FileSource(fd, path);
  }

  private constructor(fd: number, name: string) {
    this.fd = fd;
    this.name = name;
    const stats = attempt('CAPTURE_OPEN', name, () => fs.fstatSync(fd));
    if (stats.isDirectory()) {
      this.close();
      throw new CaptureError('CAPTURE_OPEN', 'is a directory', name);
    }
    this.size = stats.isFile() ? stats.size : -1;
  }

  read(into: Uint8Array, at: number, length: number): number {
    for (;;) {
      try {
        const count = fs.readSync(this.fd, into, at, length, null);
        this.consumed += count;
        return count;
      } catch (error) {
        const code = errorCode(error);
        if (code === 'EOF') return 0; // a closed pipe, as Windows puts it
        if (code !== 'EAGAIN')
          throw new CaptureError('CAPTURE_OPEN', describeSystemError(error), this.name, this.consumed);
        sleep(WAIT_MS);
      }
    }
  }

  close(): void {
    if (this.open && this.fd !== STDIN_FD) fs.closeSync(this.fd);
    this.open = false;
  }
}

/** Where a writer's bytes go; `-` is standard output. An existing file is replaced. */
export class FileSink implements ByteSink {
  readonly name: string;
  private readonly fd: number;
  private open = true;

  static create(path: string): FileSink {
    if (path === STANDARD) return new FileSink(STDOUT_FD, STANDARD_OUTPUT);
    return new FileSink(
      attempt('CAPTURE_WRITE', path, () => fs.openSync(path, 'w')),
      path,
    );
  }

  private constructor(fd: number, name: string) {
    this.fd = fd;
    this.name = name;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      try {
        at += fs.writeSync(this.fd, bytes, at, end - at);
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN')
          throw new CaptureError('CAPTURE_WRITE', describeSystemError(error), this.name);
        sleep(WAIT_MS);
      }
    }
  }

  close(): void {
    if (this.open && this.fd !== STDOUT_FD) attempt('CAPTURE_WRITE', this.name, () => fs.closeSync(this.fd));
    this.open = false;
  }
}

function attempt<T>(code: CaptureError['code'], name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new CaptureError(code, describeSystemError(error), name);
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function sleep(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}
