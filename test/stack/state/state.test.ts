/** Hosts that are saved in the midst of transfers over bad links, and go on elsewhere to the byte. */
import assert from 'node:assert/strict';
import { call } from '../../../src/base/call.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { restoreMemory, saveMemory } from '../../../src/stack/state/memory.ts';
import { restoreState, saveState, STACK_CLASSES, type SavedState } from '../../../src/stack/state/index.ts';
import type { Connection, ConnectionEvents } from '../../../src/stack/tcp/index.ts';
import { Net, SECOND } from '../tcp/net.ts';

const BYTES = 400_000;

class Sender implements ConnectionEvents {
  private left = BYTES;

  onConnect(connection: Connection): void {
    this.onWritable(connection);
  }

  onWritable(connection: Connection): void {
    const block = Uint8Array.from({ length: 5000 }, (_, i) => (this.left + i) & 0xff);
    while (this.left > 0) {
      const taken = connection.write(block, 0, Math.min(block.length, this.left));
      if (taken <= 0) return;
      this.left -= taken;
    }
    connection.close();
  }
}

class Receiver implements ConnectionEvents {
  got = 0;
  sum = 0;

  onReadable(connection: Connection): void {
    const bytes = new Uint8Array(65_536);
    for (let length = connection.read(bytes); length > 0; length = connection.read(bytes)) {
      this.got += length;
      for (let i = 0; i < length; i++) this.sum = (Math.imul(this.sum, 31) + bytes[i]!) | 0;
    }
  }

  onEnd(connection: Connection): void {
    connection.close();
  }
}

const KINDS = { classes: { ...STACK_CLASSES, Sender } };

/** Two hosts of which one listens; what it is sent is summed up in a Receiver that every new pair has. */
function listening(netem: string): { readonly net: Net; readonly receiver: Receiver } {
  const net = new Net({ netem, seed: 4 });
  const receiver = new Receiver();
  net.b.listen({
    port: 80,
    onConnection: (listener) => {
      for (let one = listener.accept(); one !== undefined; one = listener.accept()) one.listener = receiver;
    },
  });
  return { net, receiver };
}

function onPaper(state: SavedState): SavedState {
  return JSON.parse(JSON.stringify(state)) as SavedState;
}

describe('state of hosts', () => {
  for (const family of [4, 6] as const) {
    it(`a transfer over a link that loses and reorders goes on from any time, IPv${family}`, () => {
      const netem = 'delay 10ms 3ms loss 3% duplicate 1% reorder 5% 50%';
      const original = listening(netem);
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
        const other = listening(netem);
        restoreState(other, state, KINDS);
        assert.equal(other.net.log.length, logged[n]);
        other.net.clock.advanceTo(original.net.clock.now);
        assert.deepEqual(other.net.log, original.net.log);
        assert.equal(other.receiver.sum, original.receiver.sum);
      }
      assert.ok(new Set(logged).size > 4, 'they were saved in the midst of it');
    });
  }

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
