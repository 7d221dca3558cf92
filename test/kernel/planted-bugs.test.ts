/**
 * Does the suite find a bug? Each of these is planted into a copy of the sources, which then has to fail against the
 * kernel's recorded answers; the copy without one has to pass.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compareAnswers, formatComparison } from '../../src/conform/compare.ts';
import type { Engine } from '../../src/conform/sluice.ts';
import { caseNames, loadCase, recordedAnswer } from './cases.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Below node_modules, so that the copy finds packages, and no tool looks there. */
const COPIES = join(ROOT, `node_modules/.cache/planted-bugs-${process.pid}`);

interface Bug {
  readonly name: string;
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
  /** What the first difference found looks like. */
  readonly shows: RegExp;
}

const BUGS: readonly Bug[] = [
  {
    name: 'a port off by one',
    file: 'src/netfilter/matches/multiport.ts',
    right: 'port <= highs[i]!',
    wrong: 'port <= highs[i]! - 1',
    shows: /multiport/,
  },
  {
    name: 'a counter not counted',
    file: 'src/netfilter/evaluate.ts',
    right: 'this.packets[slot]! += 1;',
    wrong: 'this.packets[slot]! += slot % 2;',
    shows: /tables\.v4, line \d+:\n {2}kernel .*\[\d+:\d+\].*\n {2}sluice .*\[\d+:\d+\]/,
  },
  {
    name: 'a TTL not lowered',
    file: 'src/stack/ip4-forward.ts',
    right: 'bytes[l3 + 8] = ttl - 1;',
    wrong: 'bytes[l3 + 8] = ttl;',
    shows: /! ip\.ttl +63 +64/,
  },
  {
    name: 'a window not scaled',
    file: 'src/netfilter/conntrack/tcp-window.ts',
    right: 'win <<= octets[state + SCALE + direction]!;',
    wrong: 'win <<= 0;',
    shows: /conntrack|packet \d+|tables/,
  },
  {
    name: 'a checksum that forgets the port',
    file: 'src/netfilter/nat/manip.ts',
    right: 'const check = updateWord32(pseudoUpdate(was, bytes, l3, family, target, manip), old, id);',
    wrong: 'const check = pseudoUpdate(was, bytes, l3, family, target, manip) + 0 * old;',
    shows: /! udp\.csum/,
  },
];

/** The engine of a copy of the sources, with a bug or without. */
async function copyWith(name: string, bug: Bug | null): Promise<Engine> {
  const copy = join(COPIES, name.replaceAll(' ', '-'));
  mkdirSync(copy, { recursive: true });
  cpSync(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  if (bug !== null) {
    const path = join(copy, bug.file);
    const text = readFileSync(path, 'utf8');
    assert.ok(text.includes(bug.right), `${bug.file} no longer says "${bug.right}": plant the bug elsewhere`);
    writeFileSync(path, text.replaceAll(bug.right, bug.wrong));
  }
  const module = pathToFileURL(join(copy, 'src/conform/sluice.ts')).href;
  return ((await import(module)) as { askReplay: Engine }).askReplay;
}

/** The report of the first case that differs; null when all agree with the kernel. */
async function firstDifference(engine: Engine): Promise<string | null> {
  for (const name of caseNames()) {
    const question = await loadCase(name);
    const comparison = compareAnswers(question, recordedAnswer(name), await engine(question));
    if (comparison.differences > 0) return formatComparison(comparison);
  }
  return null;
}

describe('planted bugs', function () {
  this.timeout(60_000);
  after(() => rmSync(COPIES, { recursive: true, force: true }));

  it('none: a copy of the sources agrees with the kernel in every recorded case', async () => {
    assert.equal(await firstDifference(await copyWith('none', null)), null);
  });

  for (const bug of BUGS) {
    it(`${bug.name}: the suite fails`, async () => {
      const report = await firstDifference(await copyWith(bug.name, bug));
      assert.match(report ?? 'no difference', bug.shows);
    });
  }
});
