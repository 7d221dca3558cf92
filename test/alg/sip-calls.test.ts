/** SIP, strict: calls as state machines, and their pinholes. */
import assert from 'node:assert/strict';
import { text as bytesOf, udp } from '../../src/conform/frames.ts';
import { response, sdp, sip } from '../kernel/sip-words.ts';
import { CALLEE, CALLER, Phones, uri } from './sip-phones.ts';

describe('SIP, strict: calls', () => {
  it('INVITE opens RTP and RTCP of the caller, the answer those of the callee, BYE closes all', () => {
    const phones = new Phones();
    phones.says(phones.offer());
    assert.deepEqual([phones.state, phones.expectations], ['CALLING', CALLER]);
    phones.answers(phones.answer('180 Ringing', 0));
    assert.equal(phones.state, 'RINGING');
    phones.answers(phones.answer('200 OK'));
    assert.deepEqual([phones.state, phones.expectations], ['ANSWERED', [...CALLEE, ...CALLER].sort()]);
    phones.says(sip(`ACK sip:bob@${uri(phones.world.outside)} SIP/2.0`, 'ACK', phones.caller));
    assert.equal(phones.state, 'ESTABLISHED');
    phones.says(sip('BYE sip:bob@198.51.100.7 SIP/2.0', 'BYE', { ...phones.caller, cseq: '2 BYE' }));
    assert.deepEqual([phones.state, phones.expectations], ['ENDED', []]);
  });

  it('compact names, names in other letters and folded lines say the same', () => {
    const phones = new Phones();
    const folded = phones
      .offer()
      .replace('Call-ID: call@1', 'i:\r\n call@1')
      .replace('CSeq: 1 INVITE', 'cSEQ : 1\r\n\tINVITE')
      .replace('From: ', 'f:')
      .replace('To: ', 't:   ')
      .replace('Via: ', 'v:')
      .replace('Content-Type: application/sdp', 'c: APPLICATION/sdp ;\r\n charset=utf-8')
      .replace('Content-Length: ', 'l:\t');
    phones.says(folded).answers(phones.answer('200 OK'));
    assert.deepEqual([phones.state, phones.expectations], ['ANSWERED', [...CALLEE, ...CALLER].sort()]);
  });

  it('over IPv6', () => {
    const phones = new Phones({ family: 6 });
    phones.says(phones.offer());
    assert.deepEqual(phones.expectations, [
      'udp 2001:db8:9::7:* → fd00:a::2:6000',
      'udp 2001:db8:9::7:* → fd00:a::2:6001',
    ]);
  });

  it('media that came through end with the call', () => {
    const phones = new Phones();
    const { world } = phones;
    phones.says(phones.offer()).answers(phones.answer('200 OK'));
    world.fromInside(udp({ from: world.inside, to: world.outside }, 6000, 7000, bytesOf('voice')));
    assert.equal(world.gateway.conntrack.list(4).length, 2);
    phones.answers(sip('BYE sip:alice@10.0.0.2 SIP/2.0', 'BYE', phones.seen));
    assert.equal(world.gateway.conntrack.list(4).length, 1);
  });

  it('early media open with a 183', () => {
    const phones = new Phones();
    phones.says(phones.offer()).answers(phones.answer('183 Progress'));
    assert.deepEqual([phones.state, phones.expectations], ['RINGING', [...CALLEE, ...CALLER].sort()]);
  });

  for (const [what, code, state] of [
    ['busy', '486 Busy', 'FAILED'],
    ['unknown', '404 Not Found', 'FAILED'],
  ] as const) {
    it(`a callee who is ${what} closes what the caller opened`, () => {
      const phones = new Phones();
      phones.says(phones.offer()).answers(phones.answer(code, 0));
      assert.deepEqual([phones.state, phones.expectations], [state, []]);
    });
  }

  it('CANCEL and its 487 close it too', () => {
    const phones = new Phones();
    phones.says(phones.offer()).answers(phones.answer('180 Ringing', 0));
    phones.says(sip('CANCEL sip:bob@198.51.100.7 SIP/2.0', 'CANCEL', phones.caller));
    phones.answers(phones.answer('487 Request Terminated', 0));
    assert.deepEqual([phones.state, phones.expectations], ['CANCELLED', []]);
  });

  it('a late refusal of another request closes nothing', () => {
    const phones = new Phones();
    phones.says(phones.offer()).answers(phones.answer('486 Busy', 0, { cseq: '9 INVITE' }));
    assert.deepEqual([phones.state, phones.expectations], ['CALLING', CALLER]);
  });

  it('a second INVITE moves the media: the old pinholes stay until it is accepted', () => {
    const phones = new Phones();
    phones.says(phones.offer()).answers(phones.answer('200 OK'));
    phones.says(phones.offer(6010, { cseq: '2 INVITE' }));
    assert.equal(phones.expectations.length, 6);
    phones.answers(phones.answer('200 OK', 7000, { cseq: '2 INVITE' }));
    assert.deepEqual(
      phones.expectations,
      [...CALLEE, 'udp 198.51.100.7:* → 10.0.0.2:6010', 'udp 198.51.100.7:* → 10.0.0.2:6011'].sort(),
    );
  });

  it('a second INVITE that is refused leaves all as it was', () => {
    const phones = new Phones();
    phones.says(phones.offer()).answers(phones.answer('200 OK'));
    phones.says(phones.offer(6010, { cseq: '2 INVITE' }));
    phones.answers(phones.answer('488 Not Acceptable', 0, { cseq: '2 INVITE' }));
    assert.deepEqual([phones.state, phones.expectations], ['ANSWERED', [...CALLEE, ...CALLER].sort()]);
  });

  it('UPDATE moves early media', () => {
    const phones = new Phones();
    phones.says(phones.offer()).answers(phones.answer('183 Progress'));
    const body = sdp('10.0.0.2', ['m=audio 6020 RTP/AVP 0']);
    phones.says(
      sip('UPDATE sip:bob@198.51.100.7 SIP/2.0', 'UPDATE', { ...phones.caller, cseq: '2 UPDATE', body }),
    );
    phones.answers(
      response('200 OK', 'UPDATE', {
        ...phones.seen,
        cseq: '2 UPDATE',
        body: sdp('198.51.100.7', ['m=audio 7000 RTP/AVP 0']),
      }),
    );
    assert.ok(phones.expectations.includes('udp 198.51.100.7:* → 10.0.0.2:6020'));
    assert.ok(!phones.expectations.includes(CALLER[0]!));
  });

  it('several media, a port of zero, T.38, RTCP elsewhere and shared', () => {
    const phones = new Phones();
    const body = sdp('10.0.0.2', [
      'm=audio 6000 RTP/AVP 0',
      'a=rtcp:6009',
      'm=video 0 RTP/AVP 31',
      'm=image 6020 udptl t38',
      'm=video 6030 RTP/AVP 31',
      'a=rtcp:6030',
      'a=rtcp-mux',
    ]);
    phones.says(phones.offer(0, { body }));
    assert.deepEqual(
      phones.expectations.map((line) => line.replace(/.*:/, '')),
      ['6000', '6009', '6020', '6030'],
    );
  });

  it('calls of one connection are told apart', () => {
    const phones = new Phones();
    for (let i = 0; i < 20; i++) phones.says(phones.offer(6000 + 2 * i, { callId: `call${i}` }));
    assert.equal(phones.expectations.length, 40);
    phones.says(sip('BYE sip:bob@198.51.100.7 SIP/2.0', 'BYE', { ...phones.caller, callId: 'call7' }));
    assert.equal(phones.expectations.length, 38);
    assert.ok(!phones.expectations.includes('udp 198.51.100.7:* → 10.0.0.2:6014'));
  });
});
