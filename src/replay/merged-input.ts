/**
 * Several captures as one stream of records, ordered by time. Ties go to the capture named first. Within one capture
 * the order of the file stands, also where its time stamps run backwards: such a record counts as being of the latest
 * time seen in its file.
 */
import { openCapture, type CaptureError, type CaptureReader, type CaptureRecord } from '../capture/index.ts';

export interface InputSpec {
  /** Interface that the frames arrive on; null when the replay has to find out. */
  readonly iface: string | null;
  /** A file, or `-` for standard input. */
  readonly path: string;
}

class Source {
  readonly spec: InputSpec;
  readonly index: number;
  readonly reader: CaptureReader;
  /** Latest time stamp so far, microseconds. */
  timeUs = 0;
  waiting = false;

  constructor(spec: InputSpec, index: number) {
    this.spec = spec;
    this.index = index;
    this.reader = openCapture(spec.path);
  }

  advance(): void {
    this.waiting = this.reader.next();
    if (this.waiting && this.reader.record.timeUs > this.timeUs) this.timeUs = this.reader.record.timeUs;
  }
}

export class MergedInput {
  private readonly sources: Source[] = [];
  private current: Source | null = null;

  /** Opens all captures; throws a CaptureError for the first that can't be read, with the others closed again. */
  constructor(specs: readonly InputSpec[]) {
    try {
      for (const spec of specs) this.sources.push(new Source(spec, this.sources.length));
    } catch (error) {
      this.close();
      throw error;
    }
    for (const source of this.sources) source.advance();
  }

  /** Moves to the next record; false when all captures are read. What `record` held before is gone. */
  next(): boolean {
    // The one handed out last is moved on only now: its record lives in the reader's buffer until then.
    this.current?.advance();
    let next: Source | null = null;
    for (const source of this.sources) {
      if (source.waiting && (next === null || source.timeUs < next.timeUs)) next = source;
    }
    this.current = next;
    return next !== null;
  }

  get record(): CaptureRecord {
    return this.current!.reader.record;
  }

  /** Which input the record came from: its place in the list given. */
  get index(): number {
    return this.current!.index;
  }

  get iface(): string | null {
    return this.current!.spec.iface;
  }

  get reader(): CaptureReader {
    return this.current!.reader;
  }

  /** Microseconds; never less than that of any record before. */
  get timeUs(): number {
    return this.current!.timeUs;
  }

  /** Time of the first record that `next` will give; 0 when there is none. */
  get firstTimeUs(): number {
    const times = this.sources.filter(({ waiting }) => waiting).map(({ timeUs }) => timeUs);
    return times.length === 0 ? 0 : Math.min(...times);
  }

  /** The inputs that ended early, and where. */
  get truncated(): CaptureError[] {
    return this.sources.flatMap(({ reader }) => (reader.truncated === null ? [] : [reader.truncated]));
  }

  get warnings(): CaptureError[] {
    return this.sources.flatMap(({ reader }) => (reader.warning === null ? [] : [reader.warning]));
  }

  get consumed(): number {
    return this.sources.reduce((bytes, { reader }) => bytes + reader.consumed, 0);
  }

  /** Bytes of all files; -1 when one is a pipe. */
  get size(): number {
    let size = 0;
    for (const { reader } of this.sources) {
      if (reader.size < 0) return -1;
      size += reader.size;
    }
    return size;
  }

  close(): void {
    for (const { reader } of this.sources) reader.close();
  }
}
