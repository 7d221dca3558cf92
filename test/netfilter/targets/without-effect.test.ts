/**
 * Targets for things that the simulated host has not got: they are read, checked and printed as iptables 1.8.9 does (its words, asked
 * for on a machine whose kernel has them), and packets go on.
 */
import assert from 'node:assert/strict';
import { udp } from '../../../src/conform/frames.ts';
import { AtWork } from './at-work.ts';
import { prints, refuses } from './support.ts';

const ROWS = [
  { rule: 'INPUT -j AUDIT --type accept', listed: 'AUDIT accept' },
  { rule: 'INPUT -j AUDIT --type drop', listed: 'AUDIT drop' },
  { rule: 'INPUT -j AUDIT --type reject', listed: 'AUDIT reject' },
  { rule: 'INPUT -j CHECKSUM --checksum-fill', listed: 'CHECKSUM fill' },
  { rule: 'INPUT -j CONNSECMARK --save', listed: 'CONNSECMARK save' },
  { rule: 'INPUT -j CONNSECMARK --restore', listed: 'CONNSECMARK restore', table: 'security' },
  { rule: 'INPUT -j IDLETIMER --timeout 42 --label foo', listed: 'timeout:42 label:foo' },
  { rule: 'INPUT -j IDLETIMER --timeout 42 --label foo --alarm', listed: 'timeout:42 label:foo alarm' },
  {
    rule: 'INPUT -j SECMARK --selctx system_u:object_r:firewalled_t:s0',
    listed: 'SECMARK selctx system_u:object_r:firewalled_t:s0',
  },
  {
    rule: 'INPUT -j LED --led-trigger-id foo',
    saved: '-j LED --led-trigger-id "foo"',
    listed: 'led-trigger-id:"foo" led-delay:0ms',
  },
  {
    rule: 'INPUT -j LED --led-trigger-id foo --led-delay 42 --led-always-blink',
    saved: '-j LED --led-trigger-id "foo" --led-delay 42 --led-always-blink',
    listed: 'led-trigger-id:"foo" led-delay:42ms led-always-blink',
  },
  {
    rule: 'INPUT -j LED --led-trigger-id foo --led-delay inf',
    saved: '-j LED --led-trigger-id "foo" --led-delay inf',
    listed: 'led-trigger-id:"foo" led-delay:inf',
  },
] as const;

describe('targets without effect', () => {
  prints(ROWS);
  prints([{ rule: 'INPUT -j AUDIT --type drop', listed: 'AUDIT drop', family: 6 }]);
  refuses([
    { rule: 'INPUT -j AUDIT', says: 'AUDIT: option "--type" must be specified' },
    { rule: 'INPUT -j AUDIT --type wrong', says: 'Bad action type value "wrong"' },
    { rule: 'INPUT -j CHECKSUM', says: 'CHECKSUM: option "--checksum-fill" must be specified' },
    { rule: 'INPUT -j CONNSECMARK', says: 'CONNSECMARK target: parameter required' },
    {
      rule: 'INPUT -j CONNSECMARK --save --restore',
      says: 'CONNSECMARK: option "--save" cannot be used together with "--restore".',
    },
    { rule: 'INPUT -j IDLETIMER --timeout 0 --label foo', says: 'Invalid argument' },
    { rule: 'INPUT -j IDLETIMER --timeout 42', says: 'IDLETIMER: option "--label" must be specified' },
    { rule: 'INPUT -j IDLETIMER --label foo', says: 'IDLETIMER: option "--timeout" must be specified' },
    { rule: 'INPUT -j IDLETIMER --timeout 42 --label a/b', says: 'Invalid argument' },
    {
      rule: 'INPUT -j IDLETIMER --timeout x --label ab',
      says: 'IDLETIMER: bad value for option "--timeout", or out of range (0-4294967295).',
    },
    { rule: 'INPUT -j SECMARK', says: 'SECMARK: option "--selctx" must be specified' },
    { rule: 'INPUT -j LED', says: 'LED: option "--led-trigger-id" must be specified' },
    { rule: 'INPUT -j LED --led-trigger-id a --led-delay -1', says: 'Delay value must be positive' },
  ]);

  it('let packets go on to the next rule, counted and as they were', () => {
    for (const { rule, ...rest } of ROWS) {
      const table = 'table' in rest ? rest.table : 'mangle';
      const chain = table === 'mangle' ? 'POSTROUTING' : 'FORWARD';
      const rules = [rule, 'INPUT'].map((text) => text.replace('INPUT', chain));
      const work = new AtWork({ table, rules });
      const sent = udp({ from: '10.0.0.2', to: '198.51.100.7' }, 1000, 53, [1, 2, 3]);
      const [left] = work.send(sent);
      assert.deepEqual(work.counts, [1, 1], rule);
      // But for the TTL and the header's checksum.
      assert.deepEqual([...left!.subarray(12)], sent.slice(12), rule);
    }
  });
});
