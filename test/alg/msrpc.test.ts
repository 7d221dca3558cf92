/** MSRPC: ports that the endpoint mapper names, in both byte orders, in pieces, translated; and PDUs that lie. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { tcp } from '../../src/conform/frames.ts';
import { Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 135 -j CT --helper msrpc';
const [BIND, BIND_ACK, REQUEST, RESPONSE, FAULT] = [11, 12, 0, 2, 3];
const WHOLE = 3;

/** Numbers in one byte order. */
class Order {
  readonly isLittle: boolean;

  constructor(isLittle: boolean) {
    this.isLittle = isLittle;
  }

  u16(value: number): number[] {
    const bytes = [(value >> 8) & 0xff, value & 0xff];
    return this.isLittle ? bytes.reverse() : bytes;
  }

  u32(value: number): number[] {
    const bytes = [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
    return this.isLittle ? bytes.reverse() : bytes;
  }

  uuid(text: string): number[] {
    const hex = text.replaceAll('-', '');
    const part = (from: number, to: number): number => parseInt(hex.slice(from, to), 16);
    const tail = Array.from({ length: 8 }, (_, i) => part(16 + 2 * i, 18 + 2 * i));
    return [...this.u32(part(0, 8)), ...this.u16(part(8, 12)), ...this.u16(part(12, 16)), ...tail];
  }
}

const LITTLE = new Order(true);
const BIG = new Order(false);
const MAPPER = 'e1af8308-5d1f-11c9-91a4-08002b14a0fa';
const OTHER = '12345678-1234-abcd-ef00-0123456789ab';
const NDR = '8a885d04-1ceb-11c9-9fe8-08002b104860';

interface PduFields {
  readonly order?: Order;
  readonly flags?: number;
  readonly call?: number;
  readonly length?: number;
  readonly auth?: number;
}

function pdu(type: number, body: readonly number[], fields: PduFields = {}): string {
  const { order = LITTLE, flags = WHOLE, call = 1, length = 16 + body.length, auth = 0 } = fields;
  const head = [5, 0, type, flags, order.isLittle ? 0x10 : 0, 0, 0, 0];
  return Buffer.from([
    ...head,
    ...order.u16(length),
    ...order.u16(auth),
    ...order.u32(call),
    ...body,
  ]).toString('latin1');
}

function bind(contexts: readonly (readonly [id: number, uuid: string])[], fields: PduFields = {}): string {
  const { order = LITTLE } = fields;
  const list = contexts.flatMap(([id, uuid]) => [
    ...order.u16(id),
    1,
    0,
    ...order.uuid(uuid),
    ...order.u32(3),
    ...order.uuid(NDR),
    ...order.u32(2),
  ]);
  return pdu(
    BIND,
    [...order.u16(4280), ...order.u16(4280), ...order.u32(0), contexts.length & 0xff, 0, 0, 0, ...list],
    fields,
  );
}

function bindAck(results: readonly number[], fields: PduFields = {}, address = '135\0'): string {
  const { order = LITTLE } = fields;
  const secondary = [...order.u16(address.length), ...Buffer.from(address, 'latin1')];
  while (secondary.length % 4 !== 0) secondary.push(0);
  const list = results.flatMap((result) => [
    ...order.u16(result),
    ...order.u16(0),
    ...order.uuid(NDR),
    ...order.u32(2),
  ]);
  return pdu(
    BIND_ACK,
    [...order.u16(4280), ...order.u16(4280), ...order.u32(9), ...secondary, results.length, 0, 0, 0, ...list],
    fields,
  );
}

function request(context: number, fields: PduFields = {}, operation = 3): string {
  const { order = LITTLE } = fields;
  return pdu(REQUEST, [...order.u32(0), ...order.u16(context), ...order.u16(operation), 1, 2, 3, 4], fields);
}

const floor = (left: readonly number[], right: readonly number[]): number[] => [
  ...LITTLE.u16(left.length),
  ...left,
  ...LITTLE.u16(right.length),
  ...right,
];

function tower(port: number, address: readonly number[], protocol = 7): number[] {
  return [
    ...LITTLE.u16(5),
    ...floor([0x0d, ...LITTLE.uuid(OTHER), 1, 0], [0, 0]),
    ...floor([0x0d, ...LITTLE.uuid(NDR), 2, 0], [0, 0]),
    ...floor([0x0b], [0, 0]),
    ...floor([protocol], BIG.u16(port)),
    ...floor([9], address),
  ];
}

function answerStub(towers: readonly (readonly number[])[], order: Order, status = 0): number[] {
  const stub = [
    ...new Array<number>(20).fill(0),
    ...order.u32(towers.length),
    ...order.u32(Math.max(4, towers.length)),
    ...order.u32(0),
    ...order.u32(towers.length),
    ...towers.flatMap((_, i) => order.u32(3 + i)),
  ];
  for (const one of towers) {
    stub.push(...order.u32(one.length), ...order.u32(one.length), ...one);
    while (stub.length % 4 !== 0) stub.push(0);
  }
  return [...stub, ...order.u32(status)];
}

function response(stub: readonly number[], context = 0, fields: PduFields = {}): string {
  const { order = LITTLE } = fields;
  return pdu(RESPONSE, [...order.u32(0), ...order.u16(context), 0, 0, ...stub], fields);
}

const SERVER = [198, 51, 100, 7];
const answer = (order = LITTLE, port = 49_664, address: readonly number[] = SERVER): string =>
  response(answerStub([tower(port, address)], order), 0, { order });

function bound(options: WorldOptions = {}, order = LITTLE): [World, Talk] {
  const world = new World({ helper: HELPER, ...options });
  const talk = new Talk(world, { serverPort: 135 });
  talk.says(bind([[0, MAPPER]], { order })).answers(bindAck([0], { order }));
  return [world, talk];
}

const OPEN = ['tcp 10.0.0.2:* → 198.51.100.7:49664'];
const state = (world: World): string => [...world.flows.all][0]!.state;

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

  it('a forwarded server: the answer names the outer address and a port that leads to it', () => {
    const world = new World({
      rules:
        '*raw\n-A PREROUTING -p tcp -m tcp --dport 135 -j CT --helper msrpc\nCOMMIT\n' +
        '*nat\n-A PREROUTING -i eth1 -d 203.0.113.1 -p tcp -m tcp --dport 135 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n',
    });
    const seen: string[] = [];
    let [seq, ack] = [100, 0];
    const say = (words: string, flags: string): void => {
      world.fromOutside(
        tcp(
          { from: world.outside, to: '203.0.113.1' },
          { sport: 5000, dport: 135, seq, ack, flags, payload: Buffer.from(words, 'latin1') },
        ),
      );
      seq += words.length + (flags === 'S' ? 1 : 0);
    };
    const reply = (words: string, flags: string): void => {
      const out = world.fromInside(
        tcp(
          { from: '10.0.0.2', to: world.outside },
          {
            sport: 135,
            dport: 5000,
            seq: ack === 0 ? 500 : ack,
            ack: seq,
            flags,
            payload: Buffer.from(words, 'latin1'),
          },
        ),
      );
      ack = (ack === 0 ? 500 : ack) + words.length + (flags === 'SA' ? 1 : 0);
      for (const { pkt } of out)
        seen.push(Buffer.from(pkt.bytes.subarray(pkt.l4 + 20, pkt.l3End)).toString('latin1'));
    };
    say('', 'S');
    reply('', 'SA');
    say('', 'A');
    say(bind([[0, MAPPER]]), 'PA');
    reply(bindAck([0]), 'PA');
    say(request(0), 'PA');
    reply(answer(LITTLE, 49_664, [10, 0, 0, 2]), 'PA');
    assert.equal(seen.at(-1), answer(LITTLE, 49_664, [203, 0, 113, 1]));
    const [syn] = world.fromOutside(
      tcp({ from: world.outside, to: '203.0.113.1' }, { sport: 5001, dport: 49_664, seq: 1, flags: 'S' }),
    );
    assert.equal(syn!.iface, 'eth0');
  });

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
