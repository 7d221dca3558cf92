/**
 * Text out of files and standard input, up to a size: whoever sends without end is told so before memory is gone. Node's own
 * reading gives up only where a string can be no longer.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';

export const STDIN_FD = 0;

/** Bytes. A million rules, which is what a restore takes at most, are some 100 MB. */
export const MOST_TEXT_BYTES = 256 * 1024 * 1024;

const FIRST_CHUNK = 64 * 1024;
const LARGEST_CHUNK = 16 * 1024 * 1024;

/** All of a file, or of what is open. Throws what reading throws, and a SluiceError where there is more than the limit. */
export function readBoundedText(from: string | number, most = MOST_TEXT_BYTES): string {
  const fd = typeof from === 'number' ? from : openSync(from, 'r');
  try {
    return readAll(fd, most, typeof from === 'number' ? 'standard input' : from);
  } finally {
    if (fd !== from) closeSync(fd);
  }
}

function readAll(fd: number, most: number, name: string): string {
  const chunks: Buffer[] = [];
  let total = 0;
  for (let size = FIRST_CHUNK; ; size = Math.min(size * 2, LARGEST_CHUNK)) {
    const chunk = Buffer.allocUnsafe(size);
    const length = readSync(fd, chunk, 0, size, null);
    if (length === 0) return Buffer.concat(chunks, total).toString('utf8');
    total += length;
    if (total > most) {
      throw new SluiceError('INPUT', `${name}: more than ${most / 1024 / 1024} MiB of text`);
    }
    chunks.push(chunk.subarray(0, length));
  }
}
