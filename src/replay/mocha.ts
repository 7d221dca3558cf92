/**
 * `sluice/mocha`: regression cases among a team's own tests.
 *
 *     import { describeCases } from 'sluice/mocha';
 *     describeCases('firewall/cases');
 *
 * Every case becomes one test. It uses the globals `describe` and `it`, so it serves whatever has them. Goldens are
 * rewritten when SLUICE_UPDATE=1 is set.
 */
import { AssertionError } from 'node:assert';
import * as path from 'node:path';
import { explainFailure, listCases, runCase, type CaseResult, type Difference } from './cases/index.ts';

export { runCase, type CaseResult } from './cases/index.ts';

export interface DescribeCasesOptions {
  /** The title of the suite; the paths unless given. */
  readonly title?: string;
  /** Only cases whose name or file holds this text or matches this `/expression/`. */
  readonly filter?: string;
}

/** What is used of mocha's interface. */
interface TestGlobals {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body: (this: unknown) => void) => unknown;
}

/** Declares a suite with a test for each case file in these files and folders. */
export function describeCases(paths: string | readonly string[], options: DescribeCasesOptions = {}): void {
  const { describe, it } = testGlobals();
  const list = typeof paths === 'string' ? [paths] : paths;
  const cases = listCases({ paths: list, filter: options.filter });
  describe(options.title ?? list.join(', '), () => {
    for (const { name, file } of cases) {
      it(name, function () {
        withoutTimeout(this);
        assertCase(file);
      });
    }
  });
}

/** Runs a case and throws an AssertionError, with what was expected and what came, unless it passes. */
export function assertCase(file: string): CaseResult {
  const result = runCase(file, { update: process.env['SLUICE_UPDATE'] === '1' });
  if (result.status === 'passed') return result;
  const lines = [
    ...result.errors.map((error) => error.describe()),
    ...result.failures.flatMap((failure) => explainFailure(failure)),
  ];
  const error = new AssertionError({
    message: `${result.name}\n${lines.map((line) => `  ${line}`).join('\n')}`,
    expected: sides(result, ({ expected }) => expected),
    actual: sides(result, ({ actual }) => actual),
    operator: 'case',
    stackStartFn: assertCase,
  });
  // Where only the message says what is wrong, a diff of nothing with nothing would be in the way.
  throw Object.assign(error, { showDiff: error.expected !== error.actual });
}

/** One side of all differences as text, so that mocha shows the two as a diff. */
function sides({ failures }: CaseResult, side: (difference: Difference) => string): string {
  const line = (of: string, difference: Difference) => `${of}${difference.name}: ${side(difference)}`;
  return failures
    .flatMap(({ title, packets, differences }) => [
      ...differences.map((one) => line(`${title}: `, one)),
      ...packets.flatMap(({ outcome, differences }) =>
        differences.map((one) => line(`packet ${outcome.n}: `, one)),
      ),
    ])
    .join('\n');
}

function testGlobals(): TestGlobals {
  const { describe, it } = globalThis as Partial<TestGlobals>;
  if (typeof describe === 'function' && typeof it === 'function') return { describe, it };
  throw new Error(
    `describeCases needs the globals "describe" and "it": run ${path.basename(process.argv[1] ?? 'the tests')} with mocha`,
  );
}

/** A replay takes as long as its capture is large; mocha's two seconds are for tests that wait. */
function withoutTimeout(context: unknown): void {
  const { timeout } = (context ?? {}) as { timeout?: (milliseconds: number) => unknown };
  if (typeof timeout === 'function') timeout.call(context, 0);
}
