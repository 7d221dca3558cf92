/** SIP, strict, translated: headers, descriptions, media and registrations. */
import assert from 'node:assert/strict';
import { text as bytesOf, udp } from '../../src/conform/frames.ts';
import { invite, register, response, sdp } from '../kernel/sip-words.ts';
import { Phones } from './sip-phones.ts';

describe('SIP, strict: translated', () => {
  it('names the caller as the callee sees him, in headers and description, and counts the length', () => {
    const phones = new Phones({ nat: true });
    phones.says(phones.offer(6000, { headers: ['Record-Route: <sip:10.0.0.2:5060;lr>'] }));
    assert.doesNotMatch(phones.heard, /10\.0\.0\.2/);
    assert.match(phones.heard, /^Via: SIP\/2\.0\/UDP 203\.0\.113\.1:5060;/m);
    assert.match(phones.heard, /^Contact: <sip:alice@203\.0\.113\.1:5060>/m);
    assert.match(phones.heard, /^Record-Route: <sip:203\.0\.113\.1:5060;lr>/m);
    assert.match(phones.heard, /^c=IN IP4 203\.0\.113\.1\r$/m);
    const [head, body] = phones.heard.split('\r\n\r\n') as [string, string];
    assert.equal(Number(/Content-Length: (\d+)/.exec(head)![1]), body.length);
    assert.deepEqual(phones.expectations, [
      'udp 198.51.100.7:* → 203.0.113.1:6000',
      'udp 198.51.100.7:* → 203.0.113.1:6001',
    ]);
  });

  it('media pass both ways, each from the port that was named', () => {
    const phones = new Phones({ nat: true });
    const { world } = phones;
    phones.says(phones.offer()).answers(phones.answer('200 OK'));
    assert.match(phones.heard, /^To: <sip:bob@198\.51\.100\.7>/m);
    const [out] = world.fromInside(
      udp({ from: world.inside, to: world.outside }, 6000, 7000, bytesOf('voice')),
    );
    assert.deepEqual([out!.pkt.sport, out!.pkt.dport], [6000, 7000]);
    const [back] = world.fromOutside(
      udp({ from: world.outside, to: world.shown }, 7000, 6000, bytesOf('voice')),
    );
    assert.deepEqual([back!.iface, back!.pkt.dport], ['eth0', 6000]);
    const [report] = world.fromOutside(
      udp({ from: world.outside, to: world.shown }, 7001, 6001, bytesOf('report')),
    );
    assert.deepEqual([report!.iface, report!.pkt.dport], ['eth0', 6001]);
  });

  it('two phones with the same port get two pairs', () => {
    const phones = new Phones({ nat: true });
    const { world } = phones;
    phones.says(phones.offer());
    const other = { from: '10.0.0.3', to: world.outside };
    const body = sdp(other.from, ['m=audio 6000 RTP/AVP 0']);
    const [seen] = world.fromInside(udp(other, 5060, 5060, bytesOf(invite({ ...other, body }))));
    assert.match(Buffer.from(seen!.pkt.bytes).toString('latin1'), /^m=audio 6002 /m);
    assert.equal(phones.expectations.length, 4);
  });

  for (const [via, port, what] of [
    ['10.0.0.2:5064;branch=z9hG4bK1', 5064, 'at the port that it listens on'],
    ['10.0.0.2:5064;rport;branch=z9hG4bK1', 5060, 'where it sends from, if it asks for that'],
  ] as const) {
    it(`a phone that names another port in Via is answered ${what}`, () => {
      const phones = new Phones({ nat: true });
      const { world } = phones;
      phones.says(phones.offer(6000, { via }));
      const answer = bytesOf(phones.answer('180 Ringing', 0, { via }));
      const [seen] = world.fromOutside(udp({ from: world.outside, to: world.shown }, 5060, 5060, answer));
      assert.deepEqual([seen!.iface, seen!.pkt.dport], ['eth0', port]);
    });
  }

  it('a registered phone can be called', () => {
    const phones = new Phones({ nat: true });
    const { world } = phones;
    phones.says(register({ ...phones.caller, headers: ['Expires: 60'] }));
    assert.deepEqual(phones.expectations, ['udp 198.51.100.7:* → 203.0.113.1:5060 PERMANENT,INACTIVE']);
    phones.answers(response('200 OK', 'REGISTER', { ...phones.seen, headers: ['Expires: 60'] }));
    assert.deepEqual(phones.expectations, ['udp 198.51.100.7:* → 203.0.113.1:5060 PERMANENT']);
    const [call] = world.fromOutside(
      udp(
        { from: world.outside, to: world.shown },
        5080,
        5060,
        bytesOf(invite({ from: '198.51.100.7', to: '203.0.113.1' })),
      ),
    );
    assert.deepEqual([call!.iface, call!.pkt.dport], ['eth0', 5060]);
    world.wait(61);
    assert.deepEqual(phones.expectations, []);
  });
});
