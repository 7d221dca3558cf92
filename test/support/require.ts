/**
 * Tests that need root or a program which may be absent: skipped by name with the reason, and failing instead where
 * SLUICE_REQUIRE_ALL=1 says that everything has to be there (continuous integration).
 */
import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

/**
 * To be called first in a `before` hook or a test, written as a `function` so that it has mocha's `this`:
 *
 *     before(function () {
 *       requireOrSkip(this, 'needs root', process.getuid?.() === 0);
 *     });
 */
export function requireOrSkip(context: Context, reason: string, condition: boolean): void {
  if (condition) return;
  if (process.env['SLUICE_REQUIRE_ALL'] === '1')
    throw new Error(`${reason} (SLUICE_REQUIRE_ALL=1 forbids the skip)`);
  const title = context.test?.fullTitle() ?? 'test';
  process.stderr.write(`    skipped: ${title}: ${reason}\n`);
  context.skip();
}

/** Is there a program of that name? */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', name]).status === 0;
}
