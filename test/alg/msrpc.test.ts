/** MSRPC: ports that the endpoint mapper names, in both byte orders, in pieces, translated. */
import assert from 'node:assert/strict';
import { tcp } from '../../src/conform/frames.ts';
import {
  answer,
  answerStub,
  BIG,
  bind,
  bindAck,
  bound,
  HELPER,
  LITTLE,
  lookupStub,
  MAPPER,
  OPEN,
  OTHER,
  request,
  response,
  SERVER,
  state,
  tower,
} from './msrpc-words.ts';
import { Talk, World } from './support.ts';

describe('MSRPC', () => {
  for (const [name, order] of [
    ['little-endian', LITTLE],
    ['big-endian', BIG],
  ] as const) {
    it(`ept_map opens the port that its answer names, to the client alone (${name})`, () => {
      const [world, talk] = bound({}, order);
      assert.equal(state(world), 'BOUND');
      talk.says(request(0, { order }));
      assert.equal(state(world), 'MAPPING');
      talk.answers(answer(order));
      assert.equal(state(world), 'MAPPED');
      assert.deepEqual(world.expectations, OPEN);
      assert.ok(world.isRelated('eth0', { from: world.inside, to: world.outside }, 50_000, 49_664));
      assert.deepEqual(world.expectations, []);
    });
  }

  it('several towers open several ports; UDP’s are UDP’s; an address of zero is the host that answers', () => {
    const [world, talk] = bound();
    talk
      .says(request(0))
      .answers(
        response(
          answerStub([tower(50_001, SERVER), tower(50_002, [0, 0, 0, 0]), tower(50_003, SERVER, 8)], LITTLE),
        ),
      );
    assert.deepEqual(world.expectations, [
      'tcp 10.0.0.2:* → 198.51.100.7:50001',
      'tcp 10.0.0.2:* → 198.51.100.7:50002',
      'udp 10.0.0.2:* → 198.51.100.7:50003',
    ]);
  });

  it('contexts: only what was offered for the mapper, accepted, and asked in that context counts', () => {
    for (const [contexts, results, context, isOpen] of [
      [
        [
          [0, OTHER],
          [7, MAPPER],
        ],
        [0, 0],
        7,
        true,
      ],
      [
        [
          [0, OTHER],
          [7, MAPPER],
        ],
        [0, 0],
        0,
        false,
      ],
      [
        [
          [0, OTHER],
          [7, MAPPER],
        ],
        [0, 2],
        7,
        false,
      ],
      [[[0, OTHER]], [0], 0, false],
    ] as const) {
      const world = new World({ helper: HELPER });
      const talk = new Talk(world, { serverPort: 135 });
      talk.says(bind(contexts)).answers(bindAck(results));
      talk.says(request(context)).answers(response(answerStub([tower(49_664, SERVER)], LITTLE), context));
      assert.deepEqual(world.expectations, isOpen ? OPEN : []);
    }
  });

  it('an answer in fragments is put together', () => {
    const [world, talk] = bound();
    const stub = answerStub([tower(49_664, SERVER)], LITTLE);
    talk.says(request(0));
    talk
      .answers(response(stub.slice(0, 40), 0, { flags: 1 }))
      .answers(response(stub.slice(40, 80), 0, { flags: 0 }));
    assert.deepEqual(world.expectations, []);
    talk.answers(response(stub.slice(80), 0, { flags: 2 }));
    assert.deepEqual(world.expectations, OPEN);
  });

  for (const port of [false, true]) {
    it(`cut at every byte position: the same expectation (${port ? 'behind a translation' : 'untranslated'})`, () => {
      const words = answer();
      for (let cut = 1; cut < words.length; cut++) {
        const [world, talk] = bound({ nat: port });
        talk.says(request(0), [cut % 20]).answers(words, [cut]);
        assert.deepEqual(world.expectations, OPEN, `cut at ${cut}`);
        assert.equal(talk.client.received, bindAck([0]) + words);
      }
    });
  }

  const forwarded = (): {
    world: World;
    seen: string[];
    say: (words: string) => void;
    reply: (words: string) => void;
  } => {
    const world = new World({
      rules:
        '*raw\n-A PREROUTING -p tcp -m tcp --dport 135 -j CT --helper msrpc\nCOMMIT\n' +
        '*nat\n-A PREROUTING -i eth1 -d 203.0.113.1 -p tcp -m tcp --dport 135 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n',
    });
    const seen: string[] = [];
    let [seq, ack] = [100, 500];
    const send = (words: string, flags: string): void => {
      const payload = Buffer.from(words, 'latin1');
      const ends = { from: world.outside, to: '203.0.113.1' };
      world.fromOutside(tcp(ends, { sport: 5000, dport: 135, seq, ack, flags, payload }));
      seq += words.length + (flags === 'S' ? 1 : 0);
    };
    const sendBack = (words: string, flags: string): void => {
      const payload = Buffer.from(words, 'latin1');
      const ends = { from: '10.0.0.2', to: world.outside };
      const out = world.fromInside(
        tcp(ends, { sport: 135, dport: 5000, seq: ack, ack: seq, flags, payload }),
      );
      ack += words.length + (flags === 'SA' ? 1 : 0);
      for (const { pkt } of out)
        seen.push(Buffer.from(pkt.bytes.subarray(pkt.l4 + 20, pkt.l3End)).toString('latin1'));
    };
    send('', 'S');
    sendBack('', 'SA');
    send('', 'A');
    const [say, reply] = [(words: string) => send(words, 'PA'), (words: string) => sendBack(words, 'PA')];
    say(bind([[0, MAPPER]]));
    reply(bindAck([0]));
    return { world, seen, say, reply };
  };

  it('a forwarded server: the answer names the outer address and a port that leads to it', () => {
    const { world, seen, say, reply } = forwarded();
    say(request(0));
    reply(answer(LITTLE, 49_664, [10, 0, 0, 2]));
    assert.equal(seen.at(-1), answer(LITTLE, 49_664, [203, 0, 113, 1]));
    const [syn] = world.fromOutside(
      tcp({ from: world.outside, to: '203.0.113.1' }, { sport: 5001, dport: 49_664, seq: 1, flags: 'S' }),
    );
    assert.equal(syn!.iface, 'eth0');
  });

  it('a forwarded server: an answer in fragments is held back until it is whole, and rewritten in each of them', () => {
    const inFragments = (stub: readonly number[], cuts: readonly number[]): string[] =>
      [0, ...cuts].map((from, i) =>
        response(stub.slice(from, cuts[i]), 0, { flags: (i === 0 ? 1 : 0) | (i === cuts.length ? 2 : 0) }),
      );
    const [own, shown] = (
      [
        [10, 0, 0, 2],
        [203, 0, 113, 1],
      ] as const
    ).map((address) => answerStub([tower(49_664, address)], LITTLE));
    // Also in the middle of the address.
    const at = own!.findIndex((_, i) => own!.slice(i, i + 4).join('.') === '10.0.0.2');
    for (const cuts of [[40, 80], [at + 2], [40, at + 1, at + 3]]) {
      const { world, seen, say, reply } = forwarded();
      say(request(0));
      const before = seen.length;
      for (const fragment of inFragments(own!, cuts)) reply(fragment);
      assert.equal(seen.slice(before).join(''), inFragments(shown!, cuts).join(''));
      assert.deepEqual(world.expectations, ['tcp 198.51.100.7:* → 203.0.113.1:49664']);
    }
  });

  for (const order of [LITTLE, BIG]) {
    it(`ept_lookup opens the ports that its answer names (${order === LITTLE ? 'little' : 'big'}-endian)`, () => {
      const [world, talk] = bound({}, order);
      const towers = [tower(50_001, SERVER), tower(50_002, SERVER, 8)];
      talk.says(request(0, { order }, 2)).answers(response(lookupStub(towers, order), 0, { order }));
      assert.deepEqual(world.expectations, [
        'tcp 10.0.0.2:* → 198.51.100.7:50001',
        'udp 10.0.0.2:* → 198.51.100.7:50002',
      ]);
      const [flow] = world.flows.all;
      assert.equal(flow!.command, 'ept_lookup');
    });
  }
});
