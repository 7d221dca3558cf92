/** SIP over TCP, strict: messages in pieces, and several at a time. */
import assert from 'node:assert/strict';
import { invite, sdp, sip } from '../kernel/sip-words.ts';
import { LINUX, TCP } from './sip-phones.ts';
import { Talk, World, type WorldOptions } from './support.ts';

describe('SIP over TCP, strict', () => {
  const offer = invite(
    { from: '10.0.0.2', to: '198.51.100.7', port: 40_000, body: sdp('10.0.0.2', ['m=audio 6000 RTP/AVP 0']) },
    'TCP',
  );

  for (const nat of [false, true]) {
    it(`a message cut at every byte position gives the same expectations (${nat ? 'translated' : 'untranslated'})`, () => {
      const message = offer;
      const shown = nat ? '203.0.113.1' : '10.0.0.2';
      let whole = '';
      for (let cut = 0; cut < message.length; cut++) {
        const world = new World({ helper: TCP, nat });
        const talk = new Talk(world, { serverPort: 5060 });
        talk.says(message, cut === 0 ? [] : [cut]).says('\r\n\r\n');
        assert.deepEqual(
          world.expectations,
          [`udp 198.51.100.7:* → ${shown}:6000`, `udp 198.51.100.7:* → ${shown}:6001`],
          `cut at ${cut}`,
        );
        if (cut === 0) whole = talk.server.received;
        assert.equal(talk.server.received, whole, `cut at ${cut}`);
        assert.equal(talk.client.acknowledged, talk.client.seq, `cut at ${cut}`);
      }
      assert.equal(whole.includes('10.0.0.2'), !nat);
    });
  }

  it('several messages in one segment, each counts', () => {
    const world = new World({ helper: TCP });
    const talk = new Talk(world, { serverPort: 5060 });
    const second = offer.replace('call@1', 'call@2').replace('6000', '6010');
    talk.says(`\r\n\r\n${offer}${second}`);
    assert.equal(world.expectations.length, 4);
  });

  it('A-1: a request of HTTP, one of whose segments begins with INVITE, opens nothing; Linux opens', () => {
    const trick = offer;
    const say = (options: WorldOptions): World => {
      const world = new World({ helper: TCP, ...options });
      const post = `POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(100)}`;
      new Talk(world, { serverPort: 5060 }).says(post).says(trick);
      return world;
    };
    assert.deepEqual(say({}).expectations, []);
    assert.equal(say({ settings: LINUX }).expectations.length, 2);
  });

  for (const length of [
    '4294967297',
    '4294967328',
    '5\r\nl: 20',
    '-5',
    'abc',
    '10\r\nContent-Length: 20',
    '',
    '99999',
    '1',
  ]) {
    it(`A-9: Content-Length ${JSON.stringify(length)}: nothing is read from what follows`, () => {
      const world = new World({ helper: TCP });
      const talk = new Talk(world, { serverPort: 5060 });
      const first = sip('OPTIONS sip:bob@198.51.100.7 SIP/2.0', 'OPTIONS', {
        from: '10.0.0.2',
        to: '198.51.100.7',
        length,
      });
      talk.says(first + offer).says(offer);
      assert.deepEqual(world.expectations, []);
      assert.equal(talk.server.received, first + offer + offer);
    });
  }
});
