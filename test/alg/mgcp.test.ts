/**
 * MGCP: a call agent outside has the gateway inside make connections. Media that the gateway names as its own come in from
 * the agent's side and from nobody else; answers from other ports, messages that share datagrams, and ill meant ones.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { text, udp } from '../../src/conform/frames.ts';
import { World, type WorldOptions } from './support.ts';

const HELPER = '-p udp -m udp --dport 2427 -j CT --helper mgcp';
const [AGENT_PORT, GATEWAY_PORT] = [2727, 2427];

const sdp = (address: string, port: number): string =>
  `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;
const create = (id: number, more = ''): string =>
  `CRCX ${id} aaln/1@[10.0.0.2] MGCP 1.0\r\nC: A1\r\nL: p:20, a:PCMU\r\nM: recvonly\r\n${more}`;
const created = (id: number, port: number, address = '10.0.0.2', connection = 'FD1'): string =>
  `200 ${id} OK\r\nI: ${connection}\r\n\r\n${sdp(address, port)}`;
const modify = (id: number, more = '', connection = 'FD1'): string =>
  `MDCX ${id} aaln/1@[10.0.0.2] MGCP 1.0\r\nC: A1\r\nI: ${connection}\r\n${more}`;
const remove = (id: number, connection = 'FD1'): string =>
  `DLCX ${id} aaln/1@[10.0.0.2] MGCP 1.0\r\nC: A1\r\nI: ${connection}\r\n`;

class Control {
  readonly world: World;

  constructor(options: WorldOptions = {}) {
    this.world = new World({ helper: HELPER, ...options });
  }

  /** What the gateway hears. */
  agent(words: string): string {
    const ends = { from: this.world.outside, to: '10.0.0.2' };
    return payloadOf(this.world.fromOutside(udp(ends, AGENT_PORT, GATEWAY_PORT, text(words))));
  }

  /** What the agent hears, wherever it is sent from. */
  gateway(words: string, port = GATEWAY_PORT): string {
    const ends = { from: '10.0.0.2', to: this.world.outside };
    return payloadOf(this.world.fromInside(udp(ends, port, AGENT_PORT, text(words))));
  }

  get media(): string[] {
    return this.world.expectations.filter(
      (line) => !line.endsWith(`:${AGENT_PORT}`) && !line.endsWith(`:${GATEWAY_PORT}`),
    );
  }

  get state(): string {
    return [...this.world.flows.all][0]!.state;
  }
}

function payloadOf(seen: ReturnType<World['send']>): string {
  assert.equal(seen.length, 1);
  const { bytes, l4, l3End } = seen[0]!.pkt;
  return Buffer.from(bytes.subarray(l4 + 8, l3End)).toString('latin1');
}

const PAIR = ['udp 198.51.100.7:* → 10.0.0.2:3456', 'udp 198.51.100.7:* → 10.0.0.2:3457'];

describe('MGCP', () => {
  it('CRCX, 200: RTP and RTCP of the gateway open, DLCX and 250 close them, with what came through', () => {
    const control = new Control();
    control.agent(create(1));
    assert.equal(control.state, 'CREATING');
    assert.deepEqual(control.media, []);
    control.gateway(created(1, 3456));
    assert.equal(control.state, 'OPEN');
    assert.deepEqual(control.media, PAIR);
    control.world.fromOutside(udp({ from: control.world.outside, to: '10.0.0.2' }, 9000, 3456, [1]));
    assert.deepEqual(control.media, PAIR.slice(1));
    control.agent(remove(2));
    assert.equal(control.state, 'DELETING');
    assert.equal(control.media.length, 1);
    control.gateway('250 2 OK\r\n');
    assert.equal(control.state, 'DELETED');
    assert.deepEqual(control.media, []);
    assert.ok(!control.world.gateway.conntrack.list(4).some((line) => line.includes('dport=3456')));
  });

  it('MDCX moves the media: the old pinholes go with the answer', () => {
    const control = new Control();
    control.agent(create(1));
    control.gateway(created(1, 3456));
    control.agent(modify(2, `\r\n${sdp('198.51.100.7', 7000)}`));
    assert.equal(control.state, 'MODIFYING');
    const agents = ['udp 10.0.0.2:* → 198.51.100.7:7000', 'udp 10.0.0.2:* → 198.51.100.7:7001'];
    assert.deepEqual(control.media, [...PAIR, ...agents]);
    control.gateway(`200 2 OK\r\n\r\n${sdp('10.0.0.2', 4000)}`);
    assert.deepEqual(control.media, [
      ...agents,
      'udp 198.51.100.7:* → 10.0.0.2:4000',
      'udp 198.51.100.7:* → 10.0.0.2:4001',
    ]);
  });

  it('a connection that is refused opens nothing; a restart of the endpoint closes all', () => {
    const control = new Control();
    control.agent(create(1, `\r\n${sdp('198.51.100.7', 7000)}`));
    assert.equal(control.media.length, 2);
    control.gateway('502 1 no resources\r\n');
    assert.deepEqual(control.media, []);
    control.agent(create(2));
    control.gateway(created(2, 3456));
    control.gateway('RSIP 9 *@[10.0.0.2] MGCP 1.0\r\nRM: restart\r\n');
    assert.deepEqual(control.media, []);
  });

  it('messages that share a datagram count one by one', () => {
    const control = new Control();
    control.agent(`${create(1)}.\r\nRQNT 2 aaln/1@[10.0.0.2] MGCP 1.0\r\nX: 1\r\nR: hd\r\n`);
    control.gateway(`200 2 OK\r\n.\r\n${created(1, 3456)}`);
    assert.deepEqual(control.media, PAIR);
    control.gateway(`200 7 OK\r\n.\r\nNTFY 8 aaln/1@[10.0.0.2] MGCP 1.0\r\nX: 1\r\nO: hd\r\n`);
    assert.equal([...control.world.flows.all][0]!.command, 'NTFY');
  });

  it('an answer from another port of the host that was asked is expected, once, and opens the media', () => {
    const control = new Control();
    control.agent(create(1));
    assert.deepEqual(control.world.expectations, ['udp 10.0.0.2:* → 198.51.100.7:2727']);
    control.gateway(created(1, 3456), 2999);
    assert.deepEqual(control.media, PAIR);
    assert.equal([...control.world.flows.all].length, 1);
  });

  it('translated, names and descriptions tell the agent the outer address, and media find their way', () => {
    const raw = '*raw\n-A PREROUTING -p udp -m udp --dport 2427 -j CT --helper mgcp\nCOMMIT\n';
    const nat =
      '*nat\n-A PREROUTING -i eth1 -d 203.0.113.1 -p udp -m udp --dport 2427 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n';
    const world = new World({ nat: true, rules: raw + nat });
    const outside = { from: world.outside, to: world.shown };
    const heard = payloadOf(
      world.fromOutside(
        udp(outside, AGENT_PORT, GATEWAY_PORT, text(create(1).replace('10.0.0.2', world.shown))),
      ),
    );
    assert.equal(heard, create(1));
    const answer = payloadOf(
      world.fromInside(
        udp({ from: '10.0.0.2', to: world.outside }, GATEWAY_PORT, AGENT_PORT, text(created(1, 3456))),
      ),
    );
    assert.equal(answer, created(1, 3456, world.shown));
    const [media] = world.fromOutside(udp(outside, 9000, 3456, [1]));
    assert.equal(media!.iface, 'eth0');
    assert.equal(media!.pkt.dport, 3456);
  });

  it('with loose, the agent names the gateway that media come from', () => {
    const control = new Control({ settings: { mgcp: { loose: true } } });
    control.agent(create(1, `\r\n${sdp('192.0.2.9', 7000)}`));
    control.gateway(created(1, 3456));
    assert.deepEqual(control.media, ['udp 192.0.2.9:* → 10.0.0.2:3456', 'udp 192.0.2.9:* → 10.0.0.2:3457']);
  });

  for (const [what, commands, answer] of [
    [
      'a transaction of ten digits',
      [create(1).replace('CRCX 1 ', 'CRCX 1000000001 ')],
      created(1, 3456).replace('200 1 ', '200 1000000001 '),
    ],
    ['an answer to nothing', [], created(1, 3456)],
    ['an answer to another transaction', [create(1)], created(2, 3456)],
    ['a description of a third host', [create(1)], created(1, 3456, '10.0.0.9')],
    ['a port below 1024', [create(1)], created(1, 500)],
    ['an answer that begins with something else', [create(1)], `GET / HTTP/1.1\r\n\r\n${created(1, 3456)}`],
    [
      'more messages than a datagram may hold',
      [create(1)],
      `${'200 9 OK\r\n.\r\n'.repeat(20)}${created(1, 3456)}`,
    ],
    ['a malformed parameter', [create(1)], created(1, 3456).replace('I: FD1', 'I FD1')],
    ['an unknown command', [create(1).replace('CRCX', 'XXXX')], created(1, 3456)],
  ] as const) {
    it(`A-14: ${what} opens no media, and all goes on unchanged`, () => {
      const control = new Control();
      for (const command of commands) assert.equal(control.agent(command), command);
      if (commands.length === 0) control.agent('AUEP 5 aaln/1@[10.0.0.2] MGCP 1.0\r\n');
      assert.equal(control.gateway(answer), answer);
      assert.deepEqual(control.media, []);
    });
  }

  it('A-14: an answer of another agent is none', () => {
    const control = new Control();
    control.agent(create(1));
    const ends = { from: '10.0.0.9', to: control.world.outside };
    control.world.fromInside(udp(ends, GATEWAY_PORT, AGENT_PORT, text(created(1, 3456, '10.0.0.9'))));
    assert.deepEqual(control.media, []);
    assert.equal(control.world.expectations.length, 1);
  });

  it('A-14: ten thousand messages a second: past the threshold they go on unread', () => {
    const control = new Control();
    for (let id = 1; id <= 10_000; id++) {
      const { world } = control;
      const ends = { from: world.outside, to: '10.0.0.2' };
      world.fromOutside(udp(ends, AGENT_PORT, GATEWAY_PORT, text(create(id).replace('A1', `A${id}`))));
    }
    const calls = [...control.world.flows.calls.all];
    assert.ok(calls.length <= 1024, `${calls.length} connections`);
    assert.ok(control.world.expectations.length <= 8);
    const [flow] = control.world.flows.all;
    assert.ok(flow!.events.some(({ text: words }) => words === 'too many messages: not looked at'));
  });

  it('A-20: media die with the control connection', () => {
    const control = new Control();
    control.agent(create(1));
    control.gateway(created(1, 3456));
    control.world.gateway.conntrack.remove([...control.world.gateway.conntrack.entries(4)][0]!);
    assert.deepEqual(control.world.expectations, []);
  });

  it('whatever is changed in messages, nothing is thrown and only the two ends are expected', () => {
    const edit = fc.tuple(fc.nat(300), fc.nat(8), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 3 }), (edits) => {
        const changed = (words: string): string =>
          edits.reduce((all, [at, length, put]) => all.slice(0, at) + put + all.slice(at + length), words);
        const control = new Control();
        control.agent(changed(create(1, `\r\n${sdp('198.51.100.7', 7000)}`)));
        control.gateway(changed(created(1, 3456)));
        for (const line of control.world.expectations) {
          assert.match(line, /^udp (198\.51\.100\.7:\* → 10\.0\.0\.2|10\.0\.0\.2:\* → 198\.51\.100\.7):/);
        }
      }),
    );
  });
});
