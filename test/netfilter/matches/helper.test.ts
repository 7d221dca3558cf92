/** `-m helper`: how it is written, and what it matches. */
import { strict as assert } from 'node:assert';
import { udp } from '../../kernel/frames.ts';
import { arrived, lists, prints, World } from './support.ts';

const packet = () => arrived(udp({ from: '10.0.0.2', to: '198.51.100.7' }, 1, 2, []), { ct: 3 });

describe('match helper', () => {
  prints([
    ['-m helper --helper ftp'],
    ['-m helper ! --helper ftp-2121'],
    ['-m helper --helper ""'],
    [
      '-m helper --helper aaaaaaaaaaaaaaaaaaaaaaaaaaaaaXYZ',
      '-m helper --helper aaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    ],
  ]);
  lists([
    ['-m helper --helper ftp', 'helper match "ftp"'],
    ['-m helper ! --helper ftp', 'helper match ! "ftp"'],
  ]);

  it("looks at the master's helper, whose name need only begin the rule's", () => {
    const world = new World();
    world.conntrack.masters[3] = 2;
    world.conntrack.helpers[2] = 'ftp';
    assert.equal(world.rule('-m helper --helper ftp').of(packet()), 'matches');
    assert.equal(world.rule('-m helper --helper ftp-2121').of(packet()), 'matches');
    assert.equal(world.rule('-m helper --helper sip').of(packet()), 'no');
    assert.equal(world.rule('-m helper ! --helper sip').of(packet()), 'matches');
    assert.equal(world.rule('-m helper --helper ""').of(packet()), 'matches');
  });
  it('takes connections that nobody expected for those of another helper', () => {
    const world = new World();
    assert.equal(world.rule('-m helper --helper ftp').of(packet()), 'no');
    assert.equal(world.rule('-m helper ! --helper ftp').of(packet()), 'matches');
  });
});
