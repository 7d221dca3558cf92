/** The cases that newcomers run first: they pass, with both engines, and they would notice a firewall that is none. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { findCases, loadCase, runCase, CASE_ENVIRONMENT } from '../../../src/replay/cases/index.ts';
import { runCaseFile } from '../../../src/replay/cases/run.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
const OPEN = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';

describe('cases of the examples', () => {
  const files = findCases([EXAMPLES]);

  it('are some', () => assert.ok(files.length >= 5));

  for (const file of files) {
    const { name } = loadCase(file);

    it(`pass: ${name}`, () => {
      const { status, failures, errors } = runCase(file);
      assert.deepEqual({ failures, errors, status }, { failures: [], errors: [], status: 'passed' });
    });

    it(`pass with the reference interpreter: ${name}`, () => {
      const { replay, now } = CASE_ENVIRONMENT;
      const result = runCaseFile(file, {
        now,
        replay: (options, listener) => replay({ ...options, engine: 'reference' }, listener),
      });
      assert.equal(result.status, 'passed');
    });

    it(`do not pass without the rules: ${name}`, () => {
      const { replay, now } = CASE_ENVIRONMENT;
      const rules = { text: OPEN, file: 'open.rules' };
      const result = runCaseFile(file, {
        now,
        replay: (options, listener) => replay({ ...options, rules, rules6: rules }, listener),
      });
      assert.notEqual(result.status, 'passed');
    });
  }
});
