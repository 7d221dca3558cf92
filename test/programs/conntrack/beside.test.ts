/**
 * Each command of questions.txt in turn, put to conntrack-tools in a network namespace and to ours: the same output, messages
 * and exit status. What may differ: the order of entries (the kernel's is a hash's), numbers of connections, and
 * seconds that have passed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hasProgram, requireOrSkip } from '../../support/require.ts';
import { Prompt } from '../support.ts';
import { sameLines } from './beside-support.ts';

const NAMESPACE = `sluice-ct-${process.pid}`;
const QUESTIONS = readFileSync(new URL('./questions.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');

describe('conntrack beside conntrack-tools', function () {
  this.timeout(120_000);

  before(function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    requireOrSkip(this, 'needs conntrack and ip', hasProgram('conntrack') && hasProgram('ip'));
    assert.equal(spawnSync('ip', ['netns', 'add', NAMESPACE]).status, 0);
  });
  after(() => void spawnSync('ip', ['netns', 'del', NAMESPACE]));

  it(`answers the same to ${QUESTIONS.length} commands, one after the other`, () => {
    const prompt = new Prompt();
    const differences: string[] = [];
    for (const line of QUESTIONS) {
      const words = line.split(' ').filter((word) => word !== '');
      const theirs = spawnSync('ip', ['netns', 'exec', NAMESPACE, ...words], { encoding: 'utf8' });
      const ours = prompt.run(line);
      const seen = [ours.status, sameLines(ours.out), ours.err];
      const wanted = [theirs.status, sameLines(theirs.stdout), theirs.stderr];
      if (JSON.stringify(seen) !== JSON.stringify(wanted)) {
        differences.push(`${line}\n  kernel ${JSON.stringify(wanted)}\n  ours   ${JSON.stringify(seen)}`);
      }
    }
    assert.deepEqual(differences, []);
  });
});
