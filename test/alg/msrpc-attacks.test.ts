/** Attacks on MSRPC: PDUs, answers and towers that lie, and more of them than there should be. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  answer,
  answerStub,
  bind,
  bindAck,
  bound,
  FAULT,
  HELPER,
  LITTLE,
  lookupStub,
  MAPPER,
  OPEN,
  pdu,
  request,
  response,
  RESPONSE,
  SERVER,
  tower,
} from './msrpc-words.ts';
import { Talk, World } from './support.ts';

describe('attacks on MSRPC', () => {
  const stub = answerStub([tower(49_664, SERVER)], LITTLE);
  const changedStub = (at: number, ...bytes: readonly number[]): string =>
    response(stub.toSpliced(at, bytes.length, ...bytes));
  for (const [what, say] of [
    ['a fragment shorter than its header', (talk: Talk) => talk.answers(pdu(RESPONSE, stub, { length: 15 }))],
    [
      'a fragment longer than the stream',
      (talk: Talk) => talk.answers(pdu(RESPONSE, stub, { length: 65_535 })),
    ],
    [
      'an authentication longer than its fragment',
      (talk: Talk) => talk.answers(response(stub, 0, { auth: 60_000 })),
    ],
    ['an answer in another context', (talk: Talk) => talk.answers(response(stub, 1))],
    ['an answer to another call', (talk: Talk) => talk.answers(response(stub, 0, { call: 2 }))],
    [
      'a fault, and then an answer',
      (talk: Talk) => talk.answers(pdu(FAULT, new Array<number>(16).fill(0))).answers(response(stub)),
    ],
    ['the last fragment alone', (talk: Talk) => talk.answers(response(stub, 0, { flags: 2 }))],
    ['the first fragment alone', (talk: Talk) => talk.answers(response(stub, 0, { flags: 1 }))],
    [
      'a first fragment twice',
      (talk: Talk) =>
        talk.answers(response(stub.slice(0, 40), 0, { flags: 1 })).answers(response(stub, 0, { flags: 3 })),
    ],
    ['a failed call', (talk: Talk) => talk.answers(response(answerStub([tower(49_664, SERVER)], LITTLE, 5)))],
    ['a third host', (talk: Talk) => talk.answers(answer(LITTLE, 49_664, [198, 51, 100, 8]))],
    ['a port below 1024', (talk: Talk) => talk.answers(answer(LITTLE, 445))],
    [
      'an annotation longer than there is one',
      (talk: Talk) =>
        talk
          .says(request(0, {}, 2))
          .answers(response(lookupStub([tower(49_664, SERVER)], LITTLE, 'a'.repeat(65)))),
    ],
    [
      'an answer of ept_map to ept_lookup',
      (talk: Talk) => talk.says(request(0, {}, 2)).answers(response(stub)),
    ],
    ['more towers than there are', (talk: Talk) => talk.answers(changedStub(20, 9, 0, 0, 0))],
    [
      'four billion towers',
      (talk: Talk) =>
        talk.answers(changedStub(20, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255)),
    ],
    [
      'a tower longer than the stub',
      (talk: Talk) => talk.answers(changedStub(40, 255, 255, 0, 0, 255, 255, 0, 0)),
    ],
    ['more floors than a tower has', (talk: Talk) => talk.answers(changedStub(48, 9, 0))],
    ['65535 floors', (talk: Talk) => talk.answers(changedStub(48, 255, 255))],
    ['a floor longer than its tower', (talk: Talk) => talk.answers(changedStub(50, 255, 255))],
    ['a floor of no length', (talk: Talk) => talk.answers(changedStub(50, 0, 0))],
  ] as const) {
    it(`A-18: ${what} opens nothing, and all goes on unchanged`, () => {
      for (const nat of [false, true]) {
        const [world, talk] = bound({ nat });
        talk.says(request(0));
        say(talk);
        assert.deepEqual(world.expectations, []);
        assert.equal(talk.client.acknowledged, talk.client.seq);
      }
    });
  }

  it('A-18: a secondary address without its zero binds nothing', () => {
    const world = new World({ helper: HELPER });
    const talk = new Talk(world, { serverPort: 135 });
    talk.says(bind([[0, MAPPER]])).answers(bindAck([0], {}, '1355'));
    talk.says(request(0)).answers(answer());
    assert.deepEqual(world.expectations, []);
  });

  it('A-18: ten thousand contexts, calls and fragments without end are bounded', () => {
    const [world, talk] = bound();
    for (let i = 1; i <= 300; i++) {
      talk
        .says(
          bind(
            [
              [i, MAPPER],
              [i + 10_000, MAPPER],
            ],
            { call: i },
          ),
        )
        .answers(bindAck([0, 0], { call: i }));
      talk.says(request(0, { call: 1000 + i }));
    }
    // The oldest calls are forgotten.
    talk.answers(response(stub, 0, { call: 1001 }));
    assert.deepEqual(world.expectations, []);
    talk.answers(response(new Array<number>(1000).fill(0), 0, { call: 1300, flags: 1 }));
    for (let i = 0; i < 100; i++)
      talk.answers(response(new Array<number>(1000).fill(0), 0, { call: 1300, flags: 0 }));
    talk.answers(response([], 0, { call: 1300, flags: 2 }));
    talk.answers(response(stub, 0, { call: 1299 }));
    assert.deepEqual(world.expectations, OPEN);
    const [flow] = world.flows.all;
    assert.ok(flow!.events.some(({ text }) => text.endsWith('an answer of ept_map that has no end')));
  });

  it('A-2: what the server asks and the client answers opens nothing', () => {
    const world = new World({ helper: HELPER });
    const talk = new Talk(world, { serverPort: 135 });
    talk
      .answers(bind([[0, MAPPER]]))
      .says(bindAck([0]))
      .answers(request(0))
      .says(answer());
    assert.deepEqual(world.expectations, []);
  });

  it('A-20: pinholes die with the connection to the mapper', () => {
    const [world, talk] = bound();
    talk.says(request(0)).answers(answer());
    world.gateway.conntrack.remove([...world.gateway.conntrack.entries(4)][0]!);
    assert.deepEqual(world.expectations, []);
  });

  it('whatever is changed, nothing is thrown and only the host that was asked is expected', () => {
    const edit = fc.tuple(fc.nat(250), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 4 }), fc.boolean(), (edits, nat) => {
        const changed = (words: string): string => {
          const bytes = Buffer.from(words, 'latin1');
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          return bytes.toString('latin1');
        };
        const [world, talk] = bound({ nat });
        talk.says(changed(request(0))).answers(changed(answer()));
        for (const line of world.expectations)
          assert.match(line, /^(tcp|udp) 10\.0\.0\.2:\* → 198\.51\.100\.7:/);
      }),
    );
  });
});
