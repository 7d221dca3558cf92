/** What did not hold, as data: the reporters and the mocha interface say it in their own ways. */
import type { Place, SluiceError } from '../../base/errors.ts';
import type { PacketOutcome, TraceStep } from '../outcome.ts';

/** One thing that is other than expected. */
export interface Difference {
  /** The key that said so (`verdict`), or a figure's name (`filter:FORWARD:3 packets`). */
  readonly name: string;
  readonly expected: string;
  readonly actual: string;
  /** Where the case says so. */
  readonly place: Place;
}

/** A packet that is other than expected. */
export interface FailedPacket {
  readonly outcome: PacketOutcome;
  readonly differences: readonly Difference[];
  /** Rules that the case expected to decide, and what is to be said of them (explain.ts). */
  expectedPath: readonly string[];
  trace: readonly TraceStep[];
}

export interface Failure {
  readonly place: Place;
  /** What the expectation speaks of: `all { proto: tcp, dport: 22 }`. */
  readonly title: string;
  /** What is wrong in one sentence: `2 of 12 packets differ`. */
  readonly message: string;
  /** The first few of them. */
  readonly packets: readonly FailedPacket[];
  /** How many more there are. */
  readonly more: number;
  /** Of totals. */
  readonly differences: readonly Difference[];
  /** Further lines, such as two frames side by side. */
  readonly details: readonly string[];
}

export function makeFailure(parts: Pick<Failure, 'place' | 'title' | 'message'> & Partial<Failure>): Failure {
  return { packets: [], more: 0, differences: [], details: [], ...parts };
}

export type CaseStatus =
  | 'passed'
  /** An expectation did not hold. */
  | 'failed'
  /** The case could not be run: a mistake in it or in what it names. */
  | 'error';

export interface CaseResult {
  readonly file: string;
  /** Of a case that could not be read, its file. */
  readonly name: string;
  readonly status: CaseStatus;
  readonly failures: readonly Failure[];
  readonly errors: readonly SluiceError[];
  /** Goldens that were written. */
  readonly updated: readonly string[];
  readonly frames: number;
  readonly durationMs: number;
}
