/**
 * Where LOG, NFLOG, TRACE and the tracker's own messages go. The engine makes the text as the kernel does; who listens
 * (a report, a syslog file, a test) decides what becomes of it.
 */
import type { TimeUs } from '../base/clock.ts';

export interface LogLine {
  readonly time: TimeUs;
  /** syslog priority 0 (emerg) … 7 (debug); the facility is kern. */
  readonly level: number;
  readonly text: string;
  /** Which packet of the input caused it (1-based), 0 when none did. */
  readonly cause: number;
}

export interface LogSink {
  /** False when nobody listens: lines then need not be made. */
  readonly wanted: boolean;
  line(line: LogLine): void;
}
