/** SIP, strict: a call that several answer, and media that are not the ends' own (RFC 3261 12.1.2, 13.2.2.4; sip.loose). */
import assert from 'node:assert/strict';
import { text as bytesOf, udp } from '../../src/conform/frames.ts';
import { callTableText } from '../../src/replay/report/calls.ts';
import { sdp, sip, type SipFields } from '../kernel/sip-words.ts';
import { CALLEE, CALLER, Phones } from './sip-phones.ts';

const OTHERS = ['udp 10.0.0.2:* → 198.51.100.7:7100', 'udp 10.0.0.2:* → 198.51.100.7:7101'];
const sorted = (...lists: string[][]): string[] => lists.flat().sort();

/** The callee's phones, each with a tag and a port of its own. */
class Fork extends Phones {
  rings(tag: string, port: number, code = '183 Progress'): this {
    return this.answers(withTag(this.answer(code, port), tag));
  }

  asks(method: string, tag: string, fields: Partial<SipFields> = {}): this {
    const first = `${method} sip:bob@198.51.100.7 SIP/2.0`;
    return this.says(withTag(sip(first, method, { ...this.caller, ...fields }), tag));
  }
}

const withTag = (message: string, tag: string): string => message.replace(/^(To: [^\r]*)/m, `$1;tag=${tag}`);

describe('SIP, strict: an INVITE that is forked', () => {
  const rung = (): Fork => {
    const phones = new Fork();
    phones.says(phones.offer());
    return phones.rings('b', 7000).rings('c', 7100);
  };

  it('everybody who answers has pinholes of his own', () => {
    assert.deepEqual(rung().expectations, sorted(CALLER, CALLEE, OTHERS));
  });

  it('with the ACK for one who has answered, those of the others go', () => {
    const phones = rung().rings('c', 7100, '200 OK');
    assert.deepEqual(phones.expectations, sorted(CALLER, CALLEE, OTHERS));
    phones.asks('ACK', 'c');
    assert.deepEqual([phones.state, phones.expectations], ['ESTABLISHED', sorted(CALLER, OTHERS)]);
  });

  it('of two who have answered, BYE sends one away, and the call goes on; the second BYE ends it', () => {
    const phones = rung()
      .rings('b', 7000, '200 OK')
      .rings('c', 7100, '200 OK')
      .asks('ACK', 'b')
      .asks('ACK', 'c');
    assert.deepEqual(phones.expectations, sorted(CALLER, CALLEE, OTHERS));
    phones.asks('BYE', 'b', { cseq: '2 BYE' });
    assert.deepEqual([phones.state, phones.expectations], ['ESTABLISHED', sorted(CALLER, OTHERS)]);
    phones.asks('BYE', 'c', { cseq: '2 BYE' });
    assert.deepEqual([phones.state, phones.expectations], ['ENDED', []]);
  });

  it('the callee who was sent away may say so himself: BYE comes from his tag', () => {
    const phones = rung()
      .rings('b', 7000, '200 OK')
      .rings('c', 7100, '200 OK')
      .asks('ACK', 'b')
      .asks('ACK', 'c');
    const bye = sip('BYE sip:alice@10.0.0.2 SIP/2.0', 'BYE', { ...phones.seen, cseq: '1 BYE' });
    phones.answers(bye.replace(/^(From: [^;]*);tag=1/m, '$1;tag=c').replace(/^(To: [^\r]*)/m, '$1;tag=1'));
    assert.deepEqual(phones.expectations, sorted(CALLER, CALLEE));
  });

  it('one who answers late, behind the ACK, opens again, until he is sent away', () => {
    const phones = rung().rings('b', 7000, '200 OK').asks('ACK', 'b').rings('c', 7100, '200 OK');
    assert.deepEqual(phones.expectations, sorted(CALLER, CALLEE, OTHERS));
    phones.asks('ACK', 'c').asks('BYE', 'c', { cseq: '2 BYE' });
    assert.deepEqual([phones.state, phones.expectations], ['ESTABLISHED', sorted(CALLER, CALLEE)]);
  });

  it('CANCEL and the 487 close what all of them have opened', () => {
    const phones = rung().asks('CANCEL', '');
    phones.answers(withTag(phones.answer('487 Request Terminated', 0), 'proxy'));
    assert.deepEqual([phones.state, phones.expectations], ['CANCELLED', []]);
  });

  it('pinholes that nobody uses are gone after three minutes', () => {
    const phones = rung();
    phones.world.wait(181);
    assert.deepEqual(phones.expectations, []);
  });

  it('of more answers than sixteen nothing is read', () => {
    const phones = new Fork();
    phones.says(phones.offer());
    for (let i = 0; i < 40; i++) phones.rings(`t${i}`, 7000 + 2 * i);
    assert.equal(phones.expectations.length, 2 + 2 * 16);
  });

  it('UPDATE in one early dialog moves the media of that one; a refused INVITE still ends the call', () => {
    const phones = rung();
    const body = sdp('10.0.0.2', ['m=audio 6020 RTP/AVP 0']);
    phones.asks('UPDATE', 'b', { cseq: '2 UPDATE', body });
    const moved = sdp('198.51.100.7', ['m=audio 7200 RTP/AVP 0']);
    const ok = sip('SIP/2.0 200 OK', 'UPDATE', { ...phones.seen, cseq: '2 UPDATE', body: moved });
    phones.answers(withTag(ok, 'b'));
    const open = phones.expectations;
    assert.ok(open.includes('udp 198.51.100.7:* → 10.0.0.2:6020'));
    assert.ok(open.includes('udp 10.0.0.2:* → 198.51.100.7:7200'));
    assert.ok(!open.includes(CALLEE[0]!));
    // The other one still has what the INVITE offered.
    assert.ok(open.includes(CALLER[0]!) && open.includes(OTHERS[0]!));
    phones.answers(withTag(phones.answer('486 Busy', 0), 'proxy'));
    assert.deepEqual([phones.state, phones.expectations], ['FAILED', []]);
  });
});

describe('SIP, strict: PRACK, REFER and NOTIFY', () => {
  it('an offer in a reliable 183 is answered in PRACK (RFC 3262 5)', () => {
    const phones = new Phones();
    phones.says(phones.offer(0, { body: '' }));
    assert.deepEqual(phones.expectations, []);
    phones.answers(phones.answer('183 Progress', 7000, { headers: ['Require: 100rel', 'RSeq: 1'] }));
    assert.deepEqual(phones.expectations, CALLEE);
    const body = sdp('10.0.0.2', ['m=audio 6000 RTP/AVP 0']);
    const headers = ['RAck: 1 1 INVITE'];
    phones.says(
      sip('PRACK sip:bob@198.51.100.7 SIP/2.0', 'PRACK', {
        ...phones.caller,
        cseq: '2 PRACK',
        headers,
        body,
      }),
    );
    assert.deepEqual(phones.expectations, sorted(CALLER, CALLEE));
    phones.answers(sip('SIP/2.0 200 OK', 'PRACK', { ...phones.seen, cseq: '2 PRACK' }));
    phones.answers(phones.answer('200 OK', 0));
    assert.deepEqual([phones.state, phones.expectations], ['ANSWERED', sorted(CALLER, CALLEE)]);
  });

  it('REFER opens nothing, and is written for its reader under translation (RFC 3515)', () => {
    const phones = new Phones({ nat: true });
    phones.says(phones.offer()).answers(phones.answer('200 OK'));
    const before = phones.expectations;
    const headers = ['Refer-To: <sip:alice@10.0.0.2:5060>', 'Referred-By: <sip:alice@10.0.0.2>'];
    phones.says(
      sip('REFER sip:bob@198.51.100.7 SIP/2.0', 'REFER', { ...phones.caller, cseq: '2 REFER', headers }),
    );
    assert.match(phones.heard, /^Refer-To: <sip:alice@203\.0\.113\.1:5060>\r$/m);
    assert.match(phones.heard, /^Referred-By: <sip:alice@203\.0\.113\.1:5060>\r$/m);
    assert.doesNotMatch(phones.heard, /10\.0\.0\.2/);
    assert.deepEqual([phones.state, phones.expectations], ['ANSWERED', before]);
  });

  it('a call tells whom it is referred to, and how that goes (RFC 3515 2.4)', () => {
    const phones = new Phones();
    phones.says(phones.offer()).answers(phones.answer('200 OK'));
    const headers = ['r: Carol <sip:carol@10.0.0.9;transport=udp>'];
    const refer = { ...phones.caller, cseq: '2 REFER', headers };
    phones.says(sip('REFER sip:bob@198.51.100.7 SIP/2.0', 'REFER', refer));
    const [call] = phones.world.flows.calls.all;
    const referral = { by: 'alice@10.0.0.2:5060', to: 'carol@10.0.0.9', code: 0, progress: 0 };
    assert.deepEqual({ ...call!.referral }, referral);
    phones.answers(sip('SIP/2.0 202 Accepted', 'REFER', { ...phones.seen, cseq: '2 REFER' }));
    const told = {
      ...phones.seen,
      cseq: '3 NOTIFY',
      headers: ['Event: refer', 'Content-Type: message/sipfrag'],
    };
    const notify = (body: string): string =>
      sip('NOTIFY sip:alice@10.0.0.2 SIP/2.0', 'NOTIFY', { ...told, body }).replace(
        /Content-Type: app.*\r\n/,
        '',
      );
    phones.answers(notify('SIP/2.0 100 Trying\r\n')).answers(notify('SIP/2.0 603 Declined\r\n'));
    assert.deepEqual({ ...call!.referral }, { ...referral, code: 202, progress: 603 });
    assert.match(
      callTableText([call!]),
      /^ {4}referred to carol@10\.0\.0\.9 by alice@10\.0\.0\.2:5060: 202, that call: 603$/m,
    );
  });

  it('messages that come again are counted, the last ones of a call as well; ACK and provisional answers are not', () => {
    const phones = new Phones();
    const bye = sip('BYE sip:bob@198.51.100.7 SIP/2.0', 'BYE', { ...phones.caller, cseq: '2 BYE' });
    const ack = sip('ACK sip:bob@198.51.100.7 SIP/2.0', 'ACK', { ...phones.caller, cseq: '1 ACK' });
    const ended = sip('SIP/2.0 200 OK', 'BYE', { ...phones.seen, cseq: '2 BYE' });
    for (let again = 0; again < 2; again++) phones.says(phones.offer());
    for (let again = 0; again < 2; again++) phones.answers(phones.answer('180 Ringing', 0));
    for (let again = 0; again < 3; again++) phones.answers(phones.answer('200 OK')).says(ack);
    for (let again = 0; again < 2; again++) phones.says(bye).answers(ended);
    const [call, ...others] = phones.world.flows.calls.all;
    assert.deepEqual([call!.state, call!.resent, others], ['ENDED', 1 + 2 + 1 + 1, []]);
  });

  it('a REFER to a third host stays as it is', () => {
    const phones = new Phones({ nat: true });
    const headers = ['Refer-To: <sip:carol@10.0.0.9:5060>'];
    phones.says(sip('REFER sip:bob@198.51.100.7 SIP/2.0', 'REFER', { ...phones.caller, headers }));
    assert.match(phones.heard, /^Refer-To: <sip:carol@10\.0\.0\.9:5060>\r$/m);
  });

  it('NOTIFY opens nothing, whatever fragment of SIP it carries (RFC 6665, 3420)', () => {
    const phones = new Phones();
    const body = 'SIP/2.0 200 OK\r\nContact: <sip:bob@198.51.100.9>\r\n';
    const notify = sip('NOTIFY sip:alice@10.0.0.2 SIP/2.0', 'NOTIFY', {
      ...phones.seen,
      headers: ['Event: refer', 'Subscription-State: active;expires=60'],
      body,
    }).replace('application/sdp', 'message/sipfrag;version=2.0');
    phones.says(phones.offer()).answers(notify);
    assert.equal(phones.heard, notify);
    assert.deepEqual(phones.expectations, CALLER);
  });
});

describe('SIP, sip.loose', () => {
  const loose = { settings: { sip: { loose: true } } } as const;
  /** The phone's own address, behind a proxy that speaks for it. */
  const offer = (phones: Phones, address: string): string =>
    phones.offer(0, { body: sdp(address, ['m=audio 6000 RTP/AVP 0']) });

  it('media may be of a host that an end names, and come from anybody', () => {
    const phones = new Phones(loose);
    phones.says(offer(phones, '10.0.0.9'));
    assert.deepEqual(phones.expectations, ['udp 0.0.0.0:* → 10.0.0.9:6000', 'udp 0.0.0.0:* → 10.0.0.9:6001']);
  });

  it('two forks with the same port at different hosts are two pinholes', () => {
    const phones = new Phones(loose);
    phones.says(phones.offer());
    for (const host of ['198.51.100.8', '198.51.100.9']) {
      phones.answers(
        withTag(phones.answer('183 Progress', 0, { body: sdp(host, ['m=audio 7000 RTP/AVP 0']) }), host),
      );
    }
    assert.ok(phones.expectations.includes('udp 0.0.0.0:* → 198.51.100.8:7000'));
    assert.ok(phones.expectations.includes('udp 0.0.0.0:* → 198.51.100.9:7000'));
  });

  it('translated, the phone behind the proxy is announced by the gateway and reached through it, both ways', () => {
    const phones = new Phones({ ...loose, nat: true });
    const { world } = phones;
    phones.says(offer(phones, '10.0.0.9'));
    assert.match(phones.heard, /^c=IN IP4 203\.0\.113\.1\r$/m);
    assert.match(phones.heard, /^m=audio 6000 /m);
    const remote = sdp('198.51.100.9', ['m=audio 7000 RTP/AVP 0']);
    phones.answers(phones.answer('200 OK', 0, { body: remote }));
    assert.match(phones.heard, /^c=IN IP4 198\.51\.100\.9\r$/m);
    const [voice] = world.fromOutside(
      udp({ from: '198.51.100.9', to: world.shown }, 7000, 6000, bytesOf('voice')),
    );
    assert.deepEqual([voice!.iface, voice!.pkt.dst0 & 0xff, voice!.pkt.dport], ['eth0', 9, 6000]);
    const [back] = world.fromInside(
      udp({ from: '10.0.0.9', to: '198.51.100.9' }, 6000, 7000, bytesOf('voice')),
    );
    assert.deepEqual([back!.iface, back!.pkt.sport], ['eth1', 6000]);
  });

  it('translated, what the phone behind the proxy sends first leaves from where it was announced', () => {
    const phones = new Phones({ ...loose, nat: true });
    const { world } = phones;
    world.fromInside(udp({ from: '10.0.0.3', to: '198.51.100.9' }, 6000, 9000, bytesOf('in the way')));
    phones.says(offer(phones, '10.0.0.9'));
    phones.answers(phones.answer('200 OK', 0, { body: sdp('198.51.100.9', ['m=audio 7000 RTP/AVP 0']) }));
    const [voice] = world.fromInside(
      udp({ from: '10.0.0.9', to: '198.51.100.9' }, 6000, 7000, bytesOf('voice')),
    );
    assert.deepEqual([voice!.pkt.src0, voice!.pkt.sport], [(203 << 24) | (113 << 8) | 1, 6000]);
  });

  it('translated, nobody makes the gateway send to hosts beyond it', () => {
    const phones = new Phones({ ...loose, nat: true });
    phones.says(offer(phones, '198.51.100.200'));
    assert.deepEqual(phones.expectations, []);
    assert.match(phones.heard, /^c=IN IP4 198\.51\.100\.200\r$/m);
  });
});
