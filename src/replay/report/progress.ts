/** A progress bar on standard error, once a replay has taken long enough to be wondered about. */
import cliProgress from 'cli-progress';
import type { Report } from './report.ts';

/** Milliseconds before a bar shows: most replays are done by then. */
const PATIENCE_MS = 1000;
const MIB = 1 << 20;

export class ProgressReport implements Report {
  private readonly stream: NodeJS.WritableStream;
  private readonly now: () => number;
  private readonly begin: number;
  private bar: cliProgress.SingleBar | null = null;

  /** `now`: milliseconds of a clock that runs; the replay's own time says nothing about ours. */
  constructor(stream: NodeJS.WritableStream, now: () => number = () => performance.now()) {
    this.stream = stream;
    this.now = now;
    this.begin = now();
  }

  progress(consumed: number, size: number, frames: number): void {
    const elapsed = this.now() - this.begin;
    if (elapsed < PATIENCE_MS) return;
    const figures = {
      frames: frames.toLocaleString('en'),
      rate: Math.round((frames / elapsed) * 1000).toLocaleString('en'),
      mib: (consumed / MIB).toFixed(0),
    };
    if (this.bar === null) {
      this.bar = new cliProgress.SingleBar({
        stream: this.stream,
        format:
          size < 0 ? SIZE_UNKNOWN : '{bar} {percentage} %  {frames} frames, {rate}/s, {eta_formatted} left',
        barsize: 24,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        clearOnComplete: true,
      });
      this.bar.start(Math.max(size, consumed), consumed, figures);
    } else this.bar.update(consumed, figures);
  }

  /** The line is cleared before anybody prints a summary there: this report comes first in the list. */
  finish(): void {
    this.close();
  }

  close(): void {
    this.bar?.stop();
    this.bar = null;
  }
}

const SIZE_UNKNOWN = '{mib} MiB  {frames} frames, {rate}/s';
