/** A reporter is told of a run of cases as it goes: first how many there are, then each as it ends, then the end. */
import type { CaseResult } from '../failure.ts';

export interface RunTotals {
  readonly passed: number;
  readonly failed: number;
  /** Cases that could not be run. */
  readonly errors: number;
  /** Cases that were not run any more (`--bail`). */
  readonly notRun: number;
  /** Goldens that were written. */
  readonly updated: readonly string[];
  readonly durationMs: number;
}

export interface Reporter {
  begin(cases: number): void;
  result(result: CaseResult): void;
  end(totals: RunTotals): void;
}

/** How long something took, for people. */
export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 0)} s`;
}
