/** Hosts that are saved in the midst of transfers over bad links, and go on elsewhere to the byte. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { call } from '../../../src/base/call.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { restoreMemory, saveMemory } from '../../../src/stack/state/memory.ts';
import { restoreState, saveState, type SavedState } from '../../../src/stack/state/index.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { Net, SECOND } from '../tcp/net.ts';
import { BYTES, KINDS, listening, NETEM, Sender } from './transfer.ts';

function onPaper(state: SavedState): SavedState {
  return JSON.parse(JSON.stringify(state)) as SavedState;
}

describe('state of hosts', () => {
  for (const family of [4, 6] as const) {
    it(`a transfer over a link that loses and reorders goes on from any time, IPv${family}`, () => {
      const original = listening(NETEM);
      const remote = original.net.remote('b', family);
      original.net.a.connect({ family, remote, remotePort: 80 }, new Sender());
      const saved: SavedState[] = [];
      const logged: number[] = [];
      for (let n = 0; n < 8; n++) {
        saved.push(onPaper(saveState(original, KINDS)));
        logged.push(original.net.log.length);
        original.net.run(0.0213);
      }
      original.net.run(120);
      assert.equal(original.receiver.got, BYTES);
      for (const [n, state] of saved.entries()) {
        const other = listening(NETEM);
        restoreState(other, state, KINDS);
        assert.equal(other.net.log.length, logged[n]);
        other.net.clock.advanceTo(original.net.clock.now);
        assert.deepEqual(other.net.log, original.net.log);
        assert.equal(other.receiver.sum, original.receiver.sum);
      }
      assert.ok(new Set(logged).size > 4, 'they were saved in the midst of it');
    });
  }

  it('a transfer goes on to the byte in another process', () => {
    const original = listening(NETEM);
    original.net.a.connect({ family: 4, remote: original.net.remote('b', 4), remotePort: 80 }, new Sender());
    original.net.run(0.1);
    const state = JSON.stringify(saveState(original, KINDS));
    const script = fileURLToPath(new URL('elsewhere.ts', import.meta.url));
    const child = spawnSync(process.execPath, ['--import', 'tsx', script], {
      input: state,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    assert.equal(child.status, 0, child.stderr);
    original.net.run(120);
    assert.equal(original.receiver.got, BYTES);
    const { got, sum } = original.receiver;
    assert.deepEqual(JSON.parse(child.stdout), { log: original.net.log, got, sum });
  });

  it('the pieces that a datagram came in go with it, and those of memory that is not saved do not', () => {
    const make = () => ({ net: new Net(), datagram: null as Uint8Array | null });
    const one = make();
    const fragments = (of: typeof one) => of.net.a.host.fragments;
    one.datagram = new Uint8Array(3000);
    fragments(one).rememberPieces(one.datagram, Int32Array.of(1480, 1480, 40));
    fragments(one).noteGivenDf(one.datagram);
    fragments(one).rememberPieces(new Uint8Array(10), Int32Array.of(8, 2));
    const other = make();
    restoreState(other, onPaper(saveState(one, KINDS)), KINDS);
    const pkt = new PacketBuffer();
    pkt.bytes = other.datagram!;
    pkt.fragMaxSize = 1500;
    assert.deepEqual(fragments(other).piecesOf(pkt, 3000), Int32Array.of(1480, 1480, 40));
    assert.equal(fragments(other).keepsDf(pkt), false);
    pkt.bytes = new Uint8Array(3000);
    assert.equal(fragments(other).piecesOf(pkt, 3000), undefined);
    assert.equal(fragments(other).keepsDf(pkt), true);
  });

  it('timers fire in the order in which they were set', () => {
    class Bell {
      readonly rung: string[] = [];
      ring(name: string): void {
        this.rung.push(name);
      }
    }
    const make = () => ({ net: new Net(), bell: new Bell() });
    const one = make();
    const due = one.net.clock.now + SECOND;
    for (const name of ['a', 'b', 'c']) one.net.clock.at(due, call(one.bell, 'ring', name));
    const other = make();
    restoreState(other, onPaper(saveState(one, KINDS)), KINDS);
    other.net.run(2);
    assert.deepEqual(other.bell.rung, ['a', 'b', 'c']);
    assert.deepEqual(one.bell.rung, []);
  });

  it('numbers that JSON has not, names that mean something to objects, and shared things survive', () => {
    const shared = { list: [1, undefined, null] };
    const make = () => ({ a: null as unknown, b: null as unknown, c: {} as unknown });
    const full = {
      a: shared,
      b: new Map<unknown, unknown>([[shared, [NaN, -Infinity, -0, 2n ** 70n]]]),
      c: new Map([['__proto__', new Set(['constructor'])]]),
    };
    const other = make();
    restoreState(other, onPaper(saveState(full, KINDS)), KINDS);
    assert.deepEqual(other, full);
    assert.equal([...(other.b as Map<unknown, unknown>).keys()][0], other.a);
  });

  it('memory comes back whatever it was full of', () => {
    for (const filler of [0, -1, 7]) {
      const memory = new Int32Array(1001).fill(filler);
      memory[500] = 5;
      memory[3] = -2;
      const state = saveMemory(memory.buffer);
      assert.ok(state.pieces.length <= 4);
      const other = new Int32Array(1001).fill(9);
      restoreMemory(other.buffer, state);
      assert.deepEqual(other, memory);
    }
  });

  it('refuses another version, and a closure that is not there, by its path', () => {
    const state = saveState({ timer: null as unknown }, KINDS);
    const isRefusal = (text: RegExp) => (error: unknown) =>
      error instanceof SluiceError && error.code === 'STATE' && text.test(error.message);
    assert.throws(() => restoreState({}, { ...state, version: 0 }, KINDS), isRefusal(/version 0/));
    assert.throws(() => restoreState({}, {} as SavedState, KINDS), isRefusal(/no saved state/));
    const closure = saveState({ list: [{ action: () => 1 }] }, KINDS);
    assert.throws(
      () => restoreState({ list: [] }, closure, KINDS),
      isRefusal(/^list\.0\.action: a function/),
    );
  });
});
