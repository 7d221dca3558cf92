/**
 * What guests did, for whoever has to answer for them: one JSON object a line, appended to a file that outlives the network,
 * and shown to those who watch. Text in it that a guest chose is JSON text, so nobody's terminal is written to by a guest.
 *
 *     {"time":"2026-11-20T14:00:00.123Z","event":"connect","guest":"web","protocol":"tcp","from":"192.168.122.11:40000",
 *      "to":"192.0.2.7:443","name":"example.org"}
 *     {… "event":"end" … "sent":512,"received":20480}
 *     {… "event":"refuse" … "reason":"filter:FORWARD:3"}
 */
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

/** Where lines are written for good (audit-file.ts). */
export interface LineSink {
  append(line: string): void;
  close(): void;
}

export class AuditLog {
  private readonly file: LineSink | null;
  private readonly kept: string[] = [];
  private readonly watchers = new Set<(line: string) => void>();

  constructor(file: LineSink | null = null) {
    this.file = file;
  }

  write(timeUs: number, entry: AuditEntry): void {
    const time = new Date(timeUs / 1000).toISOString();
    const line = `${JSON.stringify({ time, ...entry }).replace(UNPRINTABLE, escaped)}\n`;
    this.file?.append(line);
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
    this.file?.close();
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
