/** IRC's offers (DCC), strict: in pieces, translated, and ill meant. */
import assert from 'node:assert/strict';
import { tcp } from '../../src/conform/frames.ts';
import { endsOf, Talk, World, type WorldOptions } from './support.ts';

const HELPER = '-p tcp -m tcp --dport 6667 -j CT --helper irc';
const LINUX = { mode: 'linux' } as const;
const OWN = 0x0a000002;
const SHOWN = 0xcb007101;
const offer = (port = 5001, address = OWN): string =>
  `PRIVMSG bob :\x01DCC SEND file ${address} ${port} 1024\x01\r\n`;

function session(options: WorldOptions = {}): { world: World; talk: Talk } {
  const world = new World({ helper: HELPER, ...options });
  const talk = new Talk(world, { serverPort: 6667 }).answers('NOTICE a\r\n').says('NICK a\r\n');
  return { world, talk };
}

describe('IRC, strict', () => {
  it('an offer lets anybody connect to the address and port offered', () => {
    const { world, talk } = session();
    talk.says(offer());
    assert.deepEqual(world.expectations, ['tcp 0.0.0.0:* → 10.0.0.2:5001']);
    const peer = { from: '192.0.2.9', to: world.inside };
    assert.equal(world.isRelated('eth1', peer, 7000, 5001), true);
    assert.equal(world.isRelated('eth1', peer, 7001, 5001), false);
  });

  it('cut at every byte position, translated: the same expectation, and the message arrives whole', () => {
    const message = offer();
    for (let cut = 1; cut < message.length; cut++) {
      const { world, talk } = session({ nat: true });
      talk.says(message, [cut]).says('PING\r\n');
      assert.deepEqual(world.expectations, ['tcp 0.0.0.0:* → 203.0.113.1:5001'], `cut at ${cut}`);
      assert.equal(talk.server.received, `NICK a\r\n${offer(5001, SHOWN)}PING\r\n`, `cut at ${cut}`);
      assert.equal(talk.client.acknowledged, talk.client.seq);
    }
  });

  it('who comes through a translated pinhole keeps his address', () => {
    const { world, talk } = session({ nat: true });
    talk.says(offer());
    const peer = { from: '192.0.2.9', to: world.shown };
    const [seen] = world.fromOutside(tcp(peer, { sport: 7000, dport: 5001, seq: 1, flags: 'S' }));
    assert.equal(endsOf(seen!.pkt), '192.0.2.9 → 10.0.0.2');
  });

  for (const [what, message] of [
    ['for a third host', offer(5001, OWN + 1)],
    ['with port 0', offer(0)],
    ['with a port below 1024', offer(25)],
    ['with a port above 65535', offer(70000)],
    ['inside other text', `PRIVMSG bob :see \x01DCC SEND file ${OWN} 5001 1\x01\r\n`],
    ['in a message of another kind', `NOTICE bob :\x01DCC SEND file ${OWN} 5001 1\x01\r\n`],
    ['without an end', `PRIVMSG bob :\x01DCC SEND file ${OWN} 5001 1\r\n`],
    ['without a port', `PRIVMSG bob :\x01DCC SEND file ${OWN}\x01\r\n`],
    ['cut off behind its kind', 'PRIVMSG bob :\x01DCC SEND '],
  ] as const) {
    it(`A-15: an offer ${what} opens nothing`, () => {
      for (const nat of [false, true]) {
        const { world, talk } = session({ nat });
        talk.says(message);
        assert.deepEqual(world.expectations, []);
      }
    });
  }

  it('A-15: what the server says is no offer of the client', () => {
    const { world, talk } = session();
    talk.answers(offer());
    assert.deepEqual(world.expectations, []);
  });

  it('A-1: an offer that one segment begins with inside a longer line opens nothing; Linux remembers two line ends', () => {
    const { world, talk } = session();
    talk.says(`PRIVMSG bob :${'x'.repeat(50)}${offer()}`, [63]);
    assert.deepEqual(world.expectations, []);
    const linux = session({ settings: LINUX });
    linux.talk.says('POST / HTTP/1.1').says(offer());
    assert.equal(linux.world.expectations.length, 1, "the kernel's helper does not ask where a line begins");
  });

  it('A-6: of thousands of offers the last eight hold', () => {
    const { world, talk } = session();
    for (let i = 0; i < 2000; i++) talk.says(offer(5000 + i));
    assert.equal(world.expectations.length, 8);
    assert.ok(world.expectations.includes('tcp 0.0.0.0:* → 10.0.0.2:6999'));
  });
});
