import assert from 'node:assert/strict';
import { PROGRAMS } from '../../src/programs/index.ts';
import { RULES_PROGRAMS } from '../../src/programs/rules/names.ts';
import { PROGRAM_NAMES } from '../../src/shell/program-names.ts';

it('the names that the executable answers to are those of all programs', () => {
  const names = [...RULES_PROGRAMS, ...PROGRAMS.map(({ name }) => name)];
  assert.deepEqual([...PROGRAM_NAMES].sort(), names.sort());
});
