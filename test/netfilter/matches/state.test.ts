/** `-m state`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { CtInfo } from '../../../src/netfilter/conntrack/ct-info.ts';
import type { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match state', () => {
  prints([
    ['-m state --state NEW,ESTABLISHED'],
    [
      '-m state --state established,new,related,invalid,untracked',
      '-m state --state INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED',
    ],
    ['-m state ! --state INVALID'],
    ['-m state --state est', '-m state --state ESTABLISHED'],
  ]);
  refuses([
    ['-m state --state SNAT', 'Bad state "SNAT"'],
    ['-m state --state NEW,,EST', 'Bad state ",EST"'],
    ['-m state --state NEW,', '"--state" requires a list of states with no spaces, e.g. ESTABLISHED,RELATED'],
    ['-m state', 'state: option "--state" must be specified'],
  ]);
  lists([
    ['-m state --state NEW,ESTABLISHED', 'state NEW,ESTABLISHED'],
    [
      '-m state --state established,new,related,invalid,untracked',
      'state INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED',
    ],
    ['-m state ! --state INVALID', '! state INVALID'],
    ['-m state --state est', 'state ESTABLISHED'],
  ]);

  it('knows the five states', () => {
    const of = (fields: Partial<PacketBuffer>) =>
      ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'].filter(
        (name) => ask(`-m state --state ${name}`, arrived(udp(v4, 1, 2, []), fields)) === 'matches',
      );
    assert.deepEqual(of({ ct: 0, ctInfo: 0 }), ['INVALID']);
    assert.deepEqual(of({ ct: 0, ctInfo: CtInfo.UNTRACKED }), ['UNTRACKED']);
    assert.deepEqual(of({ ct: 1, ctInfo: CtInfo.NEW }), ['NEW']);
    assert.deepEqual(of({ ct: 1, ctInfo: CtInfo.ESTABLISHED }), ['ESTABLISHED']);
    assert.deepEqual(of({ ct: 1, ctInfo: CtInfo.ESTABLISHED_REPLY }), ['ESTABLISHED']);
    assert.deepEqual(of({ ct: 1, ctInfo: CtInfo.RELATED_REPLY }), ['RELATED']);
  });
});
