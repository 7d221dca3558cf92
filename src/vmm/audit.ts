/**
 * What guests did, for whoever has to answer for them: one JSON object a line, appended to a file that outlives the network,
 * and shown to those who watch. Text in it that a guest chose is JSON text, so nobody's terminal is written to by a guest.
 *
 *     {"time":"2026-11-20T14:00:00.123Z","event":"connect","guest":"web","protocol":"tcp","from":"192.168.122.11:40000",
 *      "to":"192.0.2.7:443","name":"example.org"}
 *     {… "event":"end" … "sent":512,"received":20480}
 *     {… "event":"refuse" … "reason":"filter:FORWARD:3"}
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';

export type AuditEvent = 'connect' | 'end' | 'refuse' | 'lookup' | 'link' | 'offence' | 'log';

export interface AuditEntry {
  readonly event: AuditEvent;
  readonly guest?: string | undefined;
  readonly [key: string]: unknown;
}

/** What JSON lets stand and terminals obey: control characters above ASCII, and those that turn the direction of text. */

const UNPRINTABLE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** Lines that are kept for who asks later. */
const KEPT = 1000;
/** Only its owner is to know what guests did. */
const PRIVATE = 0o600;

export class AuditLog {
  private readonly fd: number | null;
  private readonly kept: string[] = [];
  private readonly watchers = new Set<(line: string) => void>();

  /** Appends to the file; throws SluiceError when it cannot be had. */
  constructor(path: string | undefined) {
    try {
      this.fd = path === undefined ? null : openSync(path, 'a', PRIVATE);
    } catch (error) {
      throw new SluiceError('FILE', (error as Error).message, { file: path! });
    }
  }

  write(timeUs: number, entry: AuditEntry): void {
    const time = new Date(timeUs / 1000).toISOString();
    const line = `${JSON.stringify({ time, ...entry }).replace(UNPRINTABLE, escaped)}\n`;
    if (this.fd !== null) writeSync(this.fd, line);
    this.kept.push(line);
    if (this.kept.length > KEPT) this.kept.shift();
    for (const watcher of this.watchers) watcher(line);
  }

  get lines(): readonly string[] {
    return this.kept;
  }

  /** Returns what ends it. */
  watch(watcher: (line: string) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
