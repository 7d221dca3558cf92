/**
 * Regression cases: replays with expectations, kept as YAML files beside their captures. docs/regression-tests.md says how
 * to write them; `sluice test` and sluice/mocha run them.
 *
 * Reading: yaml-reader.ts (by declaration), the declarations in *-keys.ts, case-file.ts. Running: run.ts (one case),
 * suite.ts (many). Telling: explain.ts (lines for people), reporters/.
 */
import { runReplay } from '../replay.ts';
import { runCaseFile, type CaseEnvironment, type RunCaseOptions } from './run.ts';
import type { CaseResult } from './failure.ts';

export { CASE_FILE_END, loadCase, parseCase, type Expectation, type RegressionCase } from './case-file.ts';
export { explainFailure, type Palette } from './explain.ts';
export type { CaseResult, CaseStatus, Difference, FailedPacket, Failure } from './failure.ts';
export { findCases } from './find.ts';
export {
  makeReporter,
  REPORTER_NAMES,
  type Reporter,
  type ReporterName,
  type RunTotals,
} from './reporters/index.ts';
export type { CaseEnvironment, RunCaseOptions } from './run.ts';
export {
  listCases,
  runSuite,
  type CaseChoice,
  type ListedCase,
  type SuiteOptions,
  type SuiteProgress,
} from './suite.ts';
export { CaseFileError } from './yaml-reader.ts';

/** The real replay and the real clock. */
export const CASE_ENVIRONMENT: CaseEnvironment = { replay: runReplay, now: () => performance.now() };

/** Reads and runs one case. What is wrong, with it or with what came of it, is in the result. */
export function runCase(file: string, options: RunCaseOptions = {}): CaseResult {
  return runCaseFile(file, CASE_ENVIRONMENT, options);
}
