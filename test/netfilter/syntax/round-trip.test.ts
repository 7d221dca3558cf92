import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Family } from '../../../src/netfilter/hook.ts';
import type { MatchExtension, TargetExtension } from '../../../src/netfilter/extension.ts';
import { MATCHES } from '../../../src/netfilter/matches/index.ts';
import { TARGETS } from '../../../src/netfilter/targets/index.ts';
import { help, parseRestore, printSave } from '../../../src/netfilter/syntax/index.ts';
import { accepted, asLine, ruleWith } from './random-rules.ts';

const FAMILIES: readonly Family[] = [4, 6];
/** They want a thing of a name that another program or another rule makes; their own tests have it. */
const NAMING_OTHERS = ['nfacct', 'rateest', 'set', 'SET'];

describe('rules as text', () => {
  for (const extension of [...MATCHES, ...TARGETS] as readonly (MatchExtension | TargetExtension)[]) {
    for (const family of NAMING_OTHERS.includes(extension.name) ? [] : (extension.families ?? FAMILIES)) {
      it(`print, parse and print the same: ${extension.kind} ${extension.name}, IPv${family}`, () => {
        const rules = fc.sample(ruleWith(extension, family), { numRuns: 150, seed: 7 }).filter(accepted);
        assert.ok(
          rules.length > 0,
          'no rule could be made: the pool in random-rules.ts wants a word that it takes',
        );
        for (const rule of rules) {
          const text = `*${rule.table}\n${asLine(rule.words)}\nCOMMIT\n`;
          const once = printSave(parseRestore(text, { family }), { counters: true });
          const twice = printSave(parseRestore(once, { family, counters: true }), { counters: true });
          assert.equal(twice, once, text);
        }
      });
    }

    it(`help names every option: ${extension.kind} ${extension.name}`, () => {
      const text = help(extension);
      for (const [property, spec] of Object.entries(extension.options)) {
        assert.match(text, new RegExp(`--${spec.name ?? property}\\b`));
        assert.ok(text.includes(spec.about));
      }
    });
  }
});
