/** `-m udp`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { fragments, packet, udp } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };

describe('match udp', () => {
  prints([
    ['-p udp --sport 53', '-p udp -m udp --sport 53'],
    ['-p udp -m udp ! --dport 1024:65535'],
    ['-p udp -m udp --dport domain', '-p udp -m udp --dport 53'],
    ['-p udp -m udp --sport :5 --dport 9:', '-p udp -m udp --sport 0:5 --dport 9:65535'],
  ]);
  refuses([['-p tcp -m udp --dport 9', 'udp match: only valid for protocol udp']]);
  lists([['-p udp -m udp --sport 53 ! --dport 1:2', 'udp spt:53 dpts:!1:2', 'udp spt:domain dpts:!1:2']]);

  it('compares both ports', () => {
    const pkt = arrived(udp(v4, 53, 4000, []));
    const answers = [
      '--sport 53',
      '--sport 52',
      '! --sport 53',
      '--dport 4000:4001',
      '--sport 53 --dport 1',
    ].map((option) => ask(`-p udp -m udp ${option}`, pkt));
    assert.deepEqual(answers, ['matches', 'no', 'no', 'matches', 'no']);
  });

  it('drops a header cut short at once, and knows nothing of later fragments', () => {
    assert.equal(ask('-p udp -m udp --dport 5', arrived(packet(v4, 17, [0, 5, 0]))), 'drops');
    const [, second] = fragments(udp(v4, 53, 4000, new Uint8Array(64)), 32);
    assert.equal(ask('-p udp -m udp --sport 0:65535', arrived(second!)), 'no');
  });
});
