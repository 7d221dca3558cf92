import assert from 'node:assert/strict';
import { GatewayInlet } from '../../src/vmm/gateway-inlet.ts';

describe('the inlet of a gateway', () => {
  it('has one frame after the other, in memory that may be written on', () => {
    const taken: string[] = [];
    const inlet = new GatewayInlet(() => {
      const { bytes, start, end } = inlet.pkt;
      const text = Buffer.from(bytes.slice(start, end)).toString();
      taken.push(`begin ${text}`);
      bytes.fill(0, 0, end);
      // A guest answers at once what the gateway says to it, twice.
      if (text === 'a') for (const answer of ['b', 'c']) say(answer);
      taken.push(`end ${text}`);
    });
    const say = (text: string) => {
      const bytes = Buffer.from(`..${text}..`);
      inlet.put(bytes, 2, 2 + text.length);
      inlet.drain();
      assert.equal(bytes.toString(), `..${text}..`);
    };
    say('a');
    assert.deepEqual(taken, ['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
    say('d');
    assert.deepEqual(taken.slice(6), ['begin d', 'end d']);
  });

  it('ends a loop of somebody who says ever more: so many frames wait, the others are lost', () => {
    let left = 3000;
    let taken = 0;
    const inlet = new GatewayInlet(() => {
      taken++;
      for (; left > 0; left--) inlet.put(Uint8Array.of(1), 0, 1);
    });
    inlet.put(Uint8Array.of(1), 0, 1);
    inlet.drain();
    assert.equal(taken, 1025);
  });
});
