import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MATCHES } from '../../../src/netfilter/matches/index.ts';
import { TARGETS } from '../../../src/netfilter/targets/index.ts';
import { parseRestore, printSave } from '../../../src/netfilter/syntax/index.ts';
import { accepted, asLine, ruleWith } from './random-rules.ts';

const file = (lines: readonly string[]) => `*filter\n${lines.join('\n')}\nCOMMIT\n`;

/** Each line read by itself, so that no plan of another line can have served it. */
const apart = (lines: readonly string[]) =>
  lines.flatMap((line) => rules(printSave(parseRestore(file([line]), { family: 4 }))));

const rules = (saved: string) => saved.split('\n').filter((line) => line.startsWith('-A'));

describe('plans kept by shape', () => {
  it('make the same rules as lines that go through the grammar one by one', () => {
    const own = [...MATCHES, ...TARGETS].filter(
      (e) => (e.families?.includes(4) ?? true) && (e.tables?.includes('filter') ?? true),
    );
    const random = own
      .flatMap((extension) => fc.sample(ruleWith(extension, 4), { numRuns: 100, seed: 3 }))
      .filter((rule) => rule.table === 'filter' && accepted(rule))
      .map((rule) => asLine(rule.words));
    assert.ok(random.length > 200, String(random.length));
    const expected = apart(random).sort();
    for (const lines of [random, [...random].reverse()]) {
      assert.deepEqual(rules(printSave(parseRestore(file(lines), { family: 4 }))).sort(), expected);
    }
  });

  it('are not confused by values that look like options', () => {
    const lines = [
      '-A INPUT -m comment --comment -j -j DROP',
      '-A INPUT -m comment --comment -j -j ACCEPT',
      '-A INPUT -m comment --comment -p -p tcp --dport 5',
      '-A INPUT -m comment --comment -p -p udp --dport 5',
      '-A INPUT -m comment --comment -m -m length --length 5',
      '-A INPUT -m comment --comment ! -s 1.1.1.1',
      '-A INPUT -m comment --comment x -s 1.1.1.1',
      '-A INPUT --prot tcp --dport 5',
      '-A INPUT --prot udp --dport 5',
      '-A INPUT -mlength --length=5',
      '-A INPUT -mlength --length=6',
      '-A INPUT -p tcp -m tcp --sport 1 -j ACCEPT',
      '-A INPUT -p tcp -m tcp --sport 1 -j DROP',
    ];
    assert.deepEqual(rules(printSave(parseRestore(file(lines), { family: 4 }))), apart(lines));
  });

  it('tell jumps to chains from targets of the same place', () => {
    const lines = [
      ':own -',
      ':other -',
      '-A INPUT -j own',
      '-A INPUT -j other',
      '-A INPUT -j ACCEPT',
      '-A INPUT -j own',
    ];
    assert.deepEqual(rules(printSave(parseRestore(file(lines), { family: 4 }))), lines.slice(2));
  });
});
