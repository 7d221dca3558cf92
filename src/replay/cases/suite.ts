/** Runs many cases, one after the other, in the same process and each with a gateway of its own; tells a reporter. */
import { SluiceError } from '../../base/errors.ts';
import { loadCase } from './case-file.ts';
import { findCases } from './find.ts';
import type { CaseStatus } from './failure.ts';
import type { Reporter, RunTotals } from './reporters/index.ts';
import { runCaseFile, type CaseEnvironment } from './run.ts';
import { parsePattern, type Pattern } from './values.ts';
import { CaseFileError } from './yaml-reader.ts';

export interface CaseChoice {
  /** Files and folders. */
  readonly paths: readonly string[];
  /** Only cases whose name or file holds this text (capitals apart) or matches this `/expression/`. */
  readonly filter?: string | undefined;
}

export interface SuiteOptions {
  /** Stop at the first case that does not pass. */
  readonly bail?: boolean | undefined;
  readonly update?: boolean | undefined;
  /** Told of the case that runs, before it and as it goes on. */
  readonly progress?: ((current: SuiteProgress) => void) | undefined;
}

export interface SuiteProgress {
  /** 1-based. */
  readonly number: number;
  readonly of: number;
  readonly name: string;
  readonly frames: number;
}

export interface ListedCase {
  readonly file: string;
  /** The case's name; its file where the case cannot be read. */
  readonly name: string;
}

/** The cases that would run, in order. Throws a SluiceError when there are none. */
export function listCases({ paths, filter }: CaseChoice): ListedCase[] {
  const all = findCases(paths).map((file) => ({ file, name: nameOf(file) }));
  if (filter === undefined) return all;
  const wanted = compileFilter(filter);
  const chosen = all.filter(({ file, name }) => wanted(name) || wanted(file));
  if (chosen.length === 0) {
    throw new SluiceError('CASE_NONE', `none of ${all.length} cases has "${filter}" in its name or file`);
  }
  return chosen;
}

export function runSuite(
  cases: readonly ListedCase[],
  options: SuiteOptions,
  reporter: Reporter,
  environment: CaseEnvironment,
): RunTotals {
  const started = environment.now();
  const ended: Record<CaseStatus, number> = { passed: 0, failed: 0, error: 0 };
  const updated: string[] = [];
  let run = 0;
  reporter.begin(cases.length);
  for (const { file, name } of cases) {
    const number = ++run;
    const progress = (frames: number) => options.progress?.({ number, of: cases.length, name, frames });
    progress(0);
    const result = runCaseFile(file, environment, {
      update: options.update ?? false,
      ...(options.progress === undefined ? {} : { progress: (_read, _size, frames) => progress(frames) }),
    });
    ended[result.status]++;
    updated.push(...result.updated);
    reporter.result(result);
    if (options.bail === true && result.status !== 'passed') break;
  }
  const totals: RunTotals = {
    passed: ended.passed,
    failed: ended.failed,
    errors: ended.error,
    notRun: cases.length - run,
    updated,
    durationMs: environment.now() - started,
  };
  reporter.end(totals);
  return totals;
}

function nameOf(file: string): string {
  try {
    return loadCase(file).name;
  } catch (error) {
    // What is wrong with it is told when it runs.
    if (error instanceof CaseFileError) return file;
    throw error;
  }
}

function compileFilter(filter: string): (text: string) => boolean {
  let parsed: Pattern;
  try {
    parsed = parsePattern(filter);
  } catch (error) {
    throw new SluiceError('USAGE', `--filter: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { source, expression } = parsed;
  if (expression !== null) return (text) => expression.test(text);
  const lower = source.toLowerCase();
  return (text) => text.toLowerCase().includes(lower);
}
