/** RTSP: the ports that SETUP and its answer name open to the other end, translated or not; messages cut, ill meant. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { udp } from '../../src/conform/frames.ts';
import { Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 554 -j CT --helper rtsp';

const setup = (cseq: number, transport: string, more = ''): string =>
  `SETUP rtsp://media.example/a/track1 RTSP/1.0\r\nCSeq: ${cseq}\r\nTransport: ${transport}\r\n${more}\r\n`;
const answer = (cseq: number, transport: string, code = 200): string =>
  `RTSP/1.0 ${code} X\r\nCSeq: ${cseq}\r\nSession: 12345678;timeout=60\r\nTransport: ${transport}\r\n\r\n`;
const request = (method: string, cseq: number): string =>
  `${method} rtsp://media.example/a RTSP/1.0\r\nCSeq: ${cseq}\r\nSession: 12345678\r\n\r\n`;
const ok = (cseq: number): string => `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\nSession: 12345678\r\n\r\n`;

const UDP = 'RTP/AVP;unicast;client_port=4588-4589';
const GRANTED = `${UDP};server_port=6256-6257`;
const CLIENT_SIDE = ['udp 198.51.100.7:* → 10.0.0.2:4588', 'udp 198.51.100.7:* → 10.0.0.2:4589'];
const SERVER_SIDE = ['udp 10.0.0.2:* → 198.51.100.7:6256', 'udp 10.0.0.2:* → 198.51.100.7:6257'];

function session(options: WorldOptions = {}): [World, Talk] {
  const world = new World({ helper: HELPER, ...options });
  return [world, new Talk(world, { serverPort: 554 })];
}
const state = (world: World): string => [...world.flows.all][0]!.state;

describe('RTSP', () => {
  it('SETUP opens the client’s ports, its answer the server’s, TEARDOWN closes all and what came through', () => {
    const [world, talk] = session();
    talk.says(setup(1, UDP));
    assert.equal(state(world), 'INIT');
    assert.deepEqual(world.expectations, CLIENT_SIDE);
    talk.answers(answer(1, GRANTED));
    assert.equal(state(world), 'READY');
    assert.deepEqual(world.expectations, [...CLIENT_SIDE, ...SERVER_SIDE]);
    talk.says(request('PLAY', 2)).answers(ok(2));
    assert.equal(state(world), 'PLAYING');
    world.fromOutside(udp({ from: world.outside, to: world.inside }, 6256, 4588, [1]));
    assert.equal(world.expectations.length, 3);
    talk.says(request('TEARDOWN', 3)).answers(ok(3));
    assert.equal(state(world), 'ENDED');
    assert.deepEqual(world.expectations, []);
    assert.ok(!world.gateway.conntrack.list(4).some((line) => line.includes('dport=4588')));
  });

  it('a refused SETUP closes what it opened; a further stream of the session stands beside the first', () => {
    const [world, talk] = session();
    talk.says(setup(1, UDP)).answers(answer(1, UDP, 461));
    assert.deepEqual(world.expectations, []);
    talk.says(setup(2, UDP)).answers(answer(2, GRANTED));
    talk.says(setup(3, 'RTP/AVP/UDP;unicast;client_port=4590-4591', 'Session: 12345678\r\n'));
    assert.equal(world.expectations.length, 6);
  });

  it('over IPv6', () => {
    const [world, talk] = session({ family: 6 });
    talk.says(setup(1, UDP));
    assert.deepEqual(world.expectations, [
      'udp 2001:db8:9::7:* → fd00:a::2:4588',
      'udp 2001:db8:9::7:* → fd00:a::2:4589',
    ]);
  });

  it('media within the connection are passed over, whatever they look like', () => {
    const [world, talk] = session({ nat: true });
    const data = setup(9, UDP);
    const frame = `$\0${String.fromCharCode(data.length >> 8, data.length & 0xff)}${data}`;
    talk
      .says(setup(1, 'RTP/AVP/TCP;unicast;interleaved=0-1'))
      .answers(answer(1, 'RTP/AVP/TCP;unicast;interleaved=0-1'));
    talk.answers(frame, [3, 60]).says(frame).says(setup(2, UDP));
    assert.equal(talk.client.received.slice(-frame.length), frame);
    assert.deepEqual(
      world.expectations,
      CLIENT_SIDE.map((line) => line.replace('10.0.0.2', world.shown)),
    );
  });

  it('translated, two clients with the same ports get two pairs, and each is told its own', () => {
    const world = new World({ helper: HELPER, nat: true });
    for (const [port, seen, servers] of [
      [40_000, '4588-4589', '6256-6257'],
      [41_000, '4590-4591', '6258-6259'],
    ] as const) {
      const talk = new Talk(world, { serverPort: 554, port });
      talk.says(setup(1, UDP));
      assert.equal(talk.server.received, setup(1, `RTP/AVP;unicast;client_port=${seen}`));
      talk.answers(answer(1, `RTP/AVP;unicast;client_port=${seen};server_port=${servers}`));
      assert.equal(talk.client.received, answer(1, `${UDP};server_port=${servers}`));
    }
    const [media] = world.fromOutside(udp({ from: world.outside, to: world.shown }, 6256, 4590, [1]));
    assert.equal(media!.pkt.dport, 4588);
  });

  for (const nat of [false, true]) {
    it(`messages cut at every byte position give the same expectations (${nat ? 'translated' : 'untranslated'})`, () => {
      const words = setup(1, UDP);
      const reply = answer(1, GRANTED);
      for (let cut = 1; cut < words.length; cut++) {
        const [world, talk] = session({ nat });
        talk.says(words, [cut]).answers(reply, [Math.min(cut, reply.length - 1)]);
        assert.equal(world.expectations.length, 4, `cut at ${cut}`);
        assert.equal(talk.server.received, words);
        assert.equal(talk.client.received, reply);
      }
    });
  }

  for (const [what, words] of [
    ['a port below 1024', setup(1, 'RTP/AVP;unicast;client_port=500-501')],
    ['a port above 65535', setup(1, 'RTP/AVP;unicast;client_port=70000-70001')],
    ['another destination', setup(1, `${UDP};destination=10.0.0.9`)],
    ['a group', setup(1, 'RTP/AVP;multicast;client_port=4588-4589')],
    ['a request of HTTP before it', `POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n${setup(1, UDP)}`],
    ['a header twice', setup(1, UDP, `Transport: ${UDP}\r\n`)],
    ['no CSeq', setup(1, UDP).replace('CSeq', 'CSeqq')],
    ['a length that is none', setup(1, UDP, 'Content-Length: -1\r\n')],
    ['a line without an end', 'SETUP '.padEnd(20_000, 'x')],
  ] as const) {
    it(`A-2, A-11: ${what} opens nothing, and all goes on unchanged`, () => {
      for (const nat of [false, true]) {
        const [world, talk] = session({ nat });
        for (let at = 0; at < words.length; at += 1000) talk.says(words.slice(at, at + 1000));
        assert.deepEqual(world.expectations, []);
        assert.equal(talk.server.received, words);
      }
    });
  }

  it('A-2: what the server asks for opens nothing', () => {
    const [world, talk] = session();
    talk.answers(setup(1, UDP));
    assert.deepEqual(world.expectations, []);
  });

  it('A-6: of sessions and streams without end, so many are looked at', () => {
    const [world, talk] = session();
    for (let i = 1; i < 300; i++) {
      const port = 5000 + 2 * i;
      talk.says(
        setup(
          i,
          `RTP/AVP;unicast;client_port=${port}-${port + 1}`,
          i % 2 === 0 ? 'Session: 12345678\r\n' : '',
        ),
      );
      talk.answers(answer(i, GRANTED));
    }
    assert.ok(world.expectations.length <= 512);
  });

  it('A-20: all die with the control connection', () => {
    const [world, talk] = session();
    talk.says(setup(1, UDP));
    world.gateway.conntrack.remove([...world.gateway.conntrack.entries(4)][0]!);
    assert.deepEqual(world.expectations, []);
  });

  it('whatever is changed, nothing is thrown and only the two ends are expected', () => {
    const edit = fc.tuple(fc.nat(200), fc.nat(8), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 3 }), fc.boolean(), (edits, nat) => {
        const changed = (words: string): string =>
          edits.reduce((all, [at, length, put]) => all.slice(0, at) + put + all.slice(at + length), words);
        const [world, talk] = session({ nat });
        talk.says(changed(setup(1, UDP))).answers(changed(answer(1, GRANTED)));
        for (const line of world.expectations) {
          assert.match(
            line,
            /^udp (198\.51\.100\.7:\* → (10\.0\.0\.2|203\.0\.113\.1)|10\.0\.0\.2:\* → 198\.51\.100\.7):/,
          );
        }
      }),
    );
  });
});
