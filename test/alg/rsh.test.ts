/** RSH's standard error: the port in the stream, in pieces, translated, and ill meant. */
import assert from 'node:assert/strict';
import { Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 514 -j CT --helper rsh';
const REST = 'me\0you\0ls\0';

function session(field: string, options: WorldOptions = {}, cuts: readonly number[] = []): [World, Talk] {
  const world = new World({ helper: HELPER, ...options });
  const talk = new Talk(world, { serverPort: 514, port: 1020 });
  talk.says(field, cuts).says(REST);
  return [world, talk];
}

describe('RSH', () => {
  it('expects the server at the port that the client names, whole or byte by byte', () => {
    for (const cuts of [[], [1], [2], [3], [1, 2, 3]]) {
      const [world, talk] = session('1022\0', {}, cuts);
      assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 10.0.0.2:1022']);
      assert.equal(talk.server.received, `1022\0${REST}`);
    }
  });

  it('translated, the port stays one of root’s, and the stream arrives whole', () => {
    for (const cuts of [[], [1], [2], [1, 2, 3]]) {
      const [world, talk] = session('1022\0', { nat: true }, cuts);
      assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 203.0.113.1:1022']);
      const other = new Talk(world, { serverPort: 514, port: 1019 });
      other.says('1022\0');
      assert.equal(other.server.received, '1023\0');
      assert.equal(talk.server.received, `1022\0${REST}`);
      assert.equal(talk.client.acknowledged, talk.client.seq);
    }
  });

  for (const [what, field] of [
    ['port 0', '0\0'],
    ['no port', '\0'],
    ['a port above 1023', '1024\0'],
    ['a port below 512', '511\0'],
    ['no digits', '10x2\0'],
    ['more digits than a port has', '0000001022\0'],
    ['a field without an end', `${'1'.repeat(1000)}`],
  ] as const) {
    it(`A-17: ${what} opens nothing, and all goes on unchanged`, () => {
      for (const nat of [false, true]) {
        const [world, talk] = session(field, { nat });
        assert.deepEqual(world.expectations, []);
        assert.equal(talk.server.received, `${field}${REST}`);
        assert.equal(talk.client.acknowledged, talk.client.seq);
      }
    });
  }

  it('A-17: a port later in the stream is none', () => {
    const [world, talk] = session('0\0');
    talk.says('1022\0');
    assert.deepEqual(world.expectations, []);
  });
});
