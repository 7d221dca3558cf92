/**
 * A report is told of a replay as it runs and of its summary at the end. Several may listen to one replay: a table on the
 * terminal, a capture for Wireshark, a log file.
 */
import type { ReplayListener } from '../options.ts';
import type { ReplaySummary } from '../summary.ts';

export interface Report extends ReplayListener {
  /** After the last frame. */
  finish?(summary: ReplaySummary): void;
  /** In any case, also when the replay failed: closes what is open. */
  close?(): void;
}

/** One listener for all; it has only the methods that somebody wants, so nothing is made for nobody. */
export function combineReports(reports: readonly Report[]): Report {
  const wanted = (method: keyof Report) => reports.some((report) => report[method] !== undefined);
  const all: Report = {
    trace: reports.some((report) => report.trace === true),
    packet: (outcome) => reports.forEach((report) => report.packet?.(outcome)),
    timer: (outcome) => reports.forEach((report) => report.timer?.(outcome)),
    log: (line) => reports.forEach((report) => report.log?.(line)),
    progress: (...figures) => reports.forEach((report) => report.progress?.(...figures)),
    finish: (summary) => reports.forEach((report) => report.finish?.(summary)),
    close: () => reports.forEach((report) => report.close?.()),
  };
  for (const method of ['packet', 'timer', 'log', 'progress'] as const) {
    if (!wanted(method)) delete all[method];
  }
  return all;
}
