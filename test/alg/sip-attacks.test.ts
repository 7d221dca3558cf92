/** Attacks on SIP: what must not open anything. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { register, sdp } from '../kernel/sip-words.ts';
import { LINUX, Phones } from './sip-phones.ts';
import type { WorldOptions } from './support.ts';

describe('attacks on SIP', () => {
  const opened = (message: string, options: WorldOptions = {}): string[] =>
    new Phones(options).says(message).expectations;
  const phones = new Phones();

  for (const [what, message] of [
    ['a Call-ID without end', phones.offer(6000, { callId: 'x'.repeat(900) })],
    [
      'an IPv6 literal that is not closed',
      phones.offer().replace('INVITE sip:bob@198.51.100.7', 'INVITE sip:bob@[fd00::1'),
    ],
    ['zero bytes in front', `\0\0${phones.offer()}`],
    ['no line ends', phones.offer().replaceAll('\r\n', '\n')],
    ['a header that is folded before there is one', phones.offer().replace('\r\nVia', '\r\n Via')],
    ['a line that LF alone ends', phones.offer().replace('\r\nCSeq', '\nCSeq')],
    ['a zero byte in a header', phones.offer().replace('call@1', 'call\0@1')],
    ['a Via that is cut off', phones.offer().slice(0, 60)],
    ['no blank line', phones.offer().slice(0, phones.offer().indexOf('\r\n\r\n'))],
    ['no Via', phones.offer().replace(/Via.*\r\n/, '')],
    ['two Call-IDs', phones.offer().replace('CSeq', 'Call-ID: b\r\nCSeq')],
    ['a CSeq of another method', phones.offer(6000, { cseq: '1 BYE' })],
    ['a length beyond the datagram', phones.offer(6000, { length: '5000' })],
  ] as const) {
    it(`A-11: ${what}: no message, and it goes on unchanged`, () => {
      const nat = new Phones({ nat: true }).says(message);
      assert.deepEqual(nat.expectations, []);
      assert.equal(nat.heard, message);
    });
  }

  for (const [what, media] of [
    ['port 0', ['m=audio 0 RTP/AVP 0']],
    ['a port below 1024', ['m=audio 500 RTP/AVP 0']],
    ['a port above 65535', ['m=audio 99999 RTP/AVP 0']],
    ['unknown media', ['m=application 6000 TCP 1']],
    ['a third host', ['m=audio 6000 RTP/AVP 0', 'c=IN IP4 10.0.0.9']],
    ['RTCP for a third host', ['m=audio 6000 RTP/AVP 0', 'a=rtcp:53 IN IP4 10.0.0.9']],
    ['RTCP for a port below 1024', ['m=audio 6000 RTP/AVP 0', 'a=rtcp:53']],
    ['dozens of streams', Array.from({ length: 40 }, (_, i) => `m=audio ${6000 + i * 2} RTP/AVP 0`)],
  ] as const) {
    it(`A-10, A-12: ${what}: nothing opens, and o= and c= are left alone`, () => {
      const body = sdp('10.0.0.2', media);
      const said = new Phones({ nat: true });
      said.says(said.offer(0, { body }));
      assert.deepEqual(said.expectations, []);
      assert.ok(said.heard.includes('o=alice 1 1 IN IP4 10.0.0.2'));
    });
  }

  it('A-12: Contact and Via of a third host stay as they are, and no binding is made for it', () => {
    const said = new Phones({ nat: true });
    said.says(
      register({
        ...said.caller,
        headers: ['Expires: 60'],
        contact: '<sip:alice@10.0.0.9:5060>',
        via: '10.0.0.9:5060;branch=1',
      }),
    );
    assert.deepEqual(said.expectations, []);
    assert.match(said.heard, /Contact: <sip:alice@10\.0\.0\.9:5060>/);
  });

  it('A-12: m=audio 5004/500 opens one pair', () => {
    const body = sdp('10.0.0.2', ['m=audio 5004/500 RTP/AVP 0']);
    assert.equal(opened(phones.offer(0, { body })).length, 2);
  });

  it('A-6: calls without end are capped, the oldest pinholes go', () => {
    const said = new Phones({ sysctl: { 'net.netfilter.nf_conntrack_expect_max': 65536 } });
    for (let i = 0; i < 2000; i++) said.says(said.offer(6000 + 2 * (i % 20000), { callId: `c${i}` }));
    assert.ok(said.expectations.length <= 512);
  });

  it('A-20: all die with the connection that announced them', () => {
    const said = new Phones();
    said.says(said.offer());
    said.world.gateway.conntrack.remove([...said.world.gateway.conntrack.entries(4)][0]!);
    assert.deepEqual(said.expectations, []);
  });

  it('whatever is changed in a call, nothing is thrown and nobody else is expected', () => {
    const script = (said: Phones): string[] => [
      said.offer(),
      said.answer('200 OK'),
      said.offer(6010, { cseq: '2 INVITE' }),
    ];
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(800), words: fc.string({ maxLength: 12 }), length: fc.nat(40) }), {
          maxLength: 4,
        }),
        fc.boolean(),
        fc.boolean(),
        (changes, nat, linux) => {
          const said = new Phones({ nat, ...(linux ? { settings: LINUX } : {}) });
          script(said).forEach((message, i) => {
            let changed = message;
            for (const { at, words, length } of changes)
              changed = changed.slice(0, at) + words + changed.slice(at + length);
            if (i === 1) said.answers(changed);
            else said.says(changed);
          });
          for (const line of said.expectations) {
            assert.match(
              line,
              /^udp (198\.51\.100\.7:\* → (10\.0\.0\.2|203\.0\.113\.1)|(10\.0\.0\.2|203\.0\.113\.1):\* → 198\.51\.100\.7):/,
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
