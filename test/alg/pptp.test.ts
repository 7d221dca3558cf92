/** PPTP: calls out of the stream, whole or in pieces; GRE each way, translated; messages ill meant. */
import assert from 'node:assert/strict';
import {
  greCall,
  inConnected,
  inReply,
  inRequest,
  outReply,
  outRequest,
  startReply,
  startRequest,
  control,
  disconnect,
} from '../kernel/pptp-words.ts';
import { Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 1723 -j CT --helper pptp';
const words = (message: readonly number[]): string => Buffer.from(message).toString('latin1');
const keys = (world: World): string[] =>
  world.gateway.conntrack
    .listExpectations(4)
    .map((line) => /proto=47 src=(\S+) dst=(\S+) srckey=(\S+) dstkey=(\S+)/.exec(line)!.slice(1).join(' '));

function session(options: WorldOptions = {}): [World, Talk] {
  const world = new World({ helper: HELPER, ...options });
  const talk = new Talk(world, { serverPort: 1723, port: 40_000 });
  talk.says(words(startRequest())).answers(words(startReply()));
  return [world, talk];
}

describe('PPTP, strict', () => {
  it('a call out: GRE is expected each way, with the ids of both ends, and comes RELATED', () => {
    const [world, talk] = session();
    talk.says(words(outRequest(5))).answers(words(outReply(6, 5)));
    assert.deepEqual(keys(world), ['10.0.0.2 198.51.100.7 0x5 0x6', '198.51.100.7 10.0.0.2 0x6 0x5']);
    assert.equal(world.fromInside(greCall({ from: world.inside, to: world.outside }, 6)).length, 1);
    assert.deepEqual(keys(world), []);
    const gre = world.gateway.conntrack.list(4).find((line) => line.includes(' gre '))!;
    assert.match(
      gre,
      /src=10\.0\.0\.2 dst=198\.51\.100\.7 srckey=0x5 dstkey=0x6 .*src=198\.51\.100\.7 dst=10\.0\.0\.2 srckey=0x6 dstkey=0x5/,
    );
  });

  it('a call in', () => {
    const [world, talk] = session();
    talk
      .answers(words(inRequest(6)))
      .says(words(inReply(5, 6)))
      .answers(words(inConnected(5)));
    assert.deepEqual(keys(world), ['10.0.0.2 198.51.100.7 0x5 0x6', '198.51.100.7 10.0.0.2 0x6 0x5']);
  });

  it('translated, two clients with the same id are told apart, in messages and in GRE', () => {
    const world = new World({ helper: HELPER, nat: true });
    for (const port of [40_000, 41_000]) {
      const talk = new Talk(world, { serverPort: 1723, port });
      talk.says(words(startRequest())).answers(words(startReply()));
      talk.says(words(outRequest(5)));
      assert.equal(talk.server.received.slice(-156 - 12), words(outRequest(port)));
      talk.answers(words(outReply(6 + port, port)));
      assert.equal(talk.client.received.slice(-32), words(outReply(6 + port, 5)));
      const [out] = world.fromInside(greCall({ from: world.inside, to: world.outside }, 6 + port));
      assert.ok(out);
      const [back] = world.fromOutside(greCall({ from: world.outside, to: world.shown }, port));
      assert.equal(back!.iface, 'eth0');
      assert.equal(back!.pkt.bytes[back!.pkt.l4 + 7], 5);
    }
  });

  for (const nat of [false, true]) {
    it(`several calls at a time, each with ids of its own, end one by one (${nat ? 'translated' : 'untranslated'})`, () => {
      const [world, talk] = session({ nat });
      const [first, second] = nat ? [40_000, 40_001] : [5, 7];
      talk.says(words(outRequest(5))).says(words(outRequest(7)));
      assert.equal(talk.server.received.slice(-168), words(outRequest(second)));
      talk.answers(words(outReply(8, second))).answers(words(outReply(6, first)));
      assert.equal(talk.client.received.slice(-64), words(outReply(8, 7)) + words(outReply(6, 5)));
      assert.equal(keys(world).length, 4);
      for (const [out, back, own] of [
        [6, first, 5],
        [8, second, 7],
      ] as const) {
        assert.equal(world.fromInside(greCall({ from: world.inside, to: world.outside }, out)).length, 1);
        const [seen] = world.fromOutside(greCall({ from: world.outside, to: world.shown }, back));
        assert.equal(seen!.pkt.bytes[seen!.pkt.l4 + 7], own);
      }
      const calls = (): number =>
        world.gateway.conntrack.list(4).filter((one) => one.includes(' gre ')).length;
      assert.equal(calls(), 2);
      talk.answers(words(disconnect(8)));
      assert.equal(calls(), 1);
      talk.says(words(outRequest(9))).answers(words(outReply(10, nat ? 40_001 : 9)));
      assert.ok(keys(world).length >= 2);
      talk.answers(words(disconnect(6))).answers(words(disconnect(10)));
      assert.equal(calls(), 0);
    });
  }

  for (const nat of [false, true]) {
    it(`messages cut at every byte position give the same expectations (${nat ? 'translated' : 'untranslated'})`, () => {
      const [seen] = nat ? [40_000] : [5];
      const request = words(outRequest(5));
      const answer = words(outReply(6, seen!));
      for (let cut = 1; cut < request.length; cut++) {
        const [world, talk] = session({ nat });
        talk.says(request, [cut]).answers(answer, [Math.min(cut, answer.length - 1)]);
        assert.equal(keys(world).length, 2, `cut at ${cut}`);
        assert.equal(talk.client.received.slice(-32), words(outReply(6, 5)));
        assert.equal(talk.server.received.slice(-168), words(outRequest(seen!)));
      }
    });
  }

  it('the end of the call closes what waits, and what came through', () => {
    const [world, talk] = session();
    talk
      .says(words(outRequest(5)))
      .answers(words(outReply(6, 5)))
      .answers(words(disconnect(6)));
    assert.deepEqual(keys(world), []);
    talk.says(words(outRequest(7))).answers(words(outReply(8, 7)));
    world.fromInside(greCall({ from: world.inside, to: world.outside }, 8));
    talk.answers(words(disconnect(8)));
    assert.ok(!world.gateway.conntrack.list(4).some((line) => line.includes(' gre ')));
  });

  it('the end of the call with the client’s id, which some servers say, closes it too', () => {
    for (const nat of [false, true]) {
      const [world, talk] = session({ nat });
      const seen = nat ? 40_000 : 5;
      talk.says(words(outRequest(5))).answers(words(outReply(6, seen)));
      talk.answers(words(disconnect(seen)));
      assert.deepEqual(keys(world), []);
      assert.equal(talk.client.received.slice(-148), words(disconnect(5)));
    }
  });

  it('A-20: the end of the control connection ends all', () => {
    const [world, talk] = session();
    talk.says(words(outRequest(5))).answers(words(outReply(6, 5)));
    world.fromInside(greCall({ from: world.inside, to: world.outside }, 6));
    world.gateway.conntrack.remove([...world.gateway.conntrack.entries(4)][0]!);
    assert.deepEqual(world.gateway.conntrack.list(4), []);
    assert.deepEqual(keys(world), []);
  });

  for (const [what, say] of [
    ['an answer to nothing', (talk: Talk) => talk.answers(words(outReply(6, 5)))],
    [
      'an answer that refuses',
      (talk: Talk) => talk.says(words(outRequest(5))).answers(words(outReply(6, 5, 2))),
    ],
    [
      'an answer with another id',
      (talk: Talk) => talk.says(words(outRequest(5))).answers(words(outReply(6, 9))),
    ],
    [
      'an answer of the client’s own',
      (talk: Talk) => talk.says(words(outRequest(5))).says(words(outReply(6, 5))),
    ],
    [
      'a request behind something else',
      (talk: Talk) =>
        talk.says(`GET / HTTP/1.1\r\n\r\n${words(outRequest(5))}`).answers(words(outReply(6, 5))),
    ],
    [
      'a message longer than its kind',
      (talk: Talk) =>
        talk.says(words(outRequest(5).with(1, 200)).padEnd(200, '\0')).answers(words(outReply(6, 5))),
    ],
    [
      'a length of zero',
      (talk: Talk) => talk.says(words(outRequest(5).with(1, 0))).answers(words(outReply(6, 5))),
    ],
    [
      'an unknown message',
      (talk: Talk) =>
        talk
          .says(words(control(99)))
          .says(words(outRequest(5)))
          .answers(words(outReply(6, 5))),
    ],
  ] as const) {
    it(`A-2, A-21: ${what} opens nothing, and all goes on unchanged`, () => {
      for (const nat of [false, true]) {
        const [world, talk] = session({ nat });
        const before = talk.client.received.length;
        say(talk);
        assert.deepEqual(keys(world), []);
        assert.equal(talk.client.acknowledged, talk.client.seq);
        assert.ok(talk.client.received.length >= before);
      }
    });
  }
});
