/** The conformance cases: one folder each under cases/, in the form of src/conform/case-files.ts. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadCase as loadFolder, loadRecord } from '../../src/conform/case-files.ts';
import type { KernelAnswer, KernelCase } from '../../src/conform/kernel/ask.ts';

const FOLDER = fileURLToPath(new URL('./cases/', import.meta.url));

export function caseNames(): string[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export function loadCase(name: string): Promise<KernelCase> {
  return loadFolder(join(FOLDER, name));
}

export function recordedAnswer(name: string): KernelAnswer {
  const answer = loadRecord(join(FOLDER, name));
  assert.ok(
    answer !== null,
    `make it with: npx tsx test/kernel/conform.ts --record test/kernel/cases/${name}`,
  );
  return answer;
}
