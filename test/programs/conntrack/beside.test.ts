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

const NAMESPACE = `sluice-ct-${process.pid}`;
const QUESTIONS = readFileSync(new URL('./questions.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');
/** Some seconds pass while the questions are asked. */
const SLACK_SECONDS = 100;

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
      const seen = [ours.status, lines(ours.out), ours.err];
      const wanted = [theirs.status, lines(theirs.stdout), theirs.stderr];
      if (JSON.stringify(seen) !== JSON.stringify(wanted)) {
        differences.push(`${line}\n  kernel ${JSON.stringify(wanted)}\n  ours   ${JSON.stringify(seen)}`);
      }
    }
    assert.deepEqual(differences, []);
  });
});

/** Sorted, with what may differ replaced; the counters of all processors count as one line. */
function lines(text: string): string[] {
  if (text.startsWith('cpu=')) return [sumOfProcessors(text)];
  return text
    .split('\n')
    .map((line) => line.replace(/\bid=\d+$/, 'id=N').replace(/<id>\d+<\/id>/, '<id>N</id>'))
    .map((line) => line.replace(/(?<=^(?:ipv[46] +\d+ )?\w+ +\d+ |-t |<timeout>)\d+/, rounded))
    .sort();
}

function rounded(seconds: string): string {
  return String(Math.round((Number(seconds) + SLACK_SECONDS / 3) / SLACK_SECONDS));
}

function sumOfProcessors(text: string): string {
  const sums = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/(\w+)=(\d+)/g)) {
    if (name !== 'cpu') sums.set(name!, (sums.get(name!) ?? 0) + Number(value));
  }
  return [...sums].map(([name, value]) => `${name}=${value}`).join(' ');
}
