/** `-m ah` and `-m esp`: how they are written, and what they match. */
import { strict as assert } from 'node:assert';
import { packet, u32 } from '../../../src/conform/frames.ts';
import { arrived, ask, lists, prints, refuses } from './support.ts';

const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const ah = (spi: number) =>
  arrived(packet(v4, 51, [17, 4, 0, 0, ...u32(spi), ...u32(1), ...u32(0), ...u32(0), ...u32(0)]));
const esp = (spi: number) => arrived(packet(v4, 50, [...u32(spi), ...u32(1)]));

describe('matches ah and esp', () => {
  prints([
    ['-p ah -m ah --ahspi 5'],
    ['-p ah -m ah ! --ahspi 0:5'],
    ['-p esp -m esp --espspi 0x10:32', '-p esp -m esp --espspi 16:32'],
  ]);
  refuses([['-p udp -m esp --espspi 5', 'esp match: only valid for protocol esp']]);
  lists([['-p esp -m esp ! --espspi 1:5', 'esp spis:!1:5']]);

  it('compare the security parameters index', () => {
    const answers = [
      ask('-p ah -m ah --ahspi 7', ah(7)),
      ask('-p ah -m ah --ahspi 8:9', ah(7)),
      ask('-p ah -m ah ! --ahspi 7', ah(7)),
      ask('-p esp -m esp --espspi 4294967295', esp(0xffffffff)),
      ask('-p esp -m esp ! --espspi 1:2', esp(2)),
    ];
    assert.deepEqual(answers, ['matches', 'no', 'no', 'matches', 'no']);
  });

  it('drop headers cut short at once', () => {
    assert.equal(ask('-p esp -m esp --espspi 1', arrived(packet(v4, 50, [0, 0, 0]))), 'drops');
  });
});
