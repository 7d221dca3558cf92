/** SIP, strict: calls as state machines, their pinholes, translation, messages in pieces, and what is ill meant. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { text as bytesOf, udp } from '../../src/conform/frames.ts';
import { invite, register, response, sdp, sip, type SipFields } from '../kernel/sip-words.ts';
import { Talk, World, type WorldOptions } from './support.ts';

const UDP = '-p udp -m udp --dport 5060 -j CT --helper sip';
const TCP = '-p tcp -m tcp --dport 5060 -j CT --helper sip';
const LINUX = { mode: 'linux', ftp: { loose: false } } as const;
const CALLER = ['udp 198.51.100.7:* → 10.0.0.2:6000', 'udp 198.51.100.7:* → 10.0.0.2:6001'];
const CALLEE = ['udp 10.0.0.2:* → 198.51.100.7:7000', 'udp 10.0.0.2:* → 198.51.100.7:7001'];

/** Two phones that speak UDP from port 5060 to port 5060. */
class Phones {
  readonly world: World;
  /** What the other one got last. */
  heard = '';

  constructor(options: WorldOptions = {}) {
    this.world = new World({ helper: UDP, ...options });
  }

  get caller(): SipFields {
    return { from: uri(this.world.inside), to: uri(this.world.outside) };
  }

  /** The caller as the callee sees him. */
  get seen(): SipFields {
    return { from: uri(this.world.shown), to: uri(this.world.outside) };
  }

  says(message: string): this {
    const { world } = this;
    return this.hear(
      world.fromInside(udp({ from: world.inside, to: world.outside }, 5060, 5060, bytesOf(message))),
    );
  }

  answers(message: string): this {
    const { world } = this;
    return this.hear(
      world.fromOutside(udp({ from: world.outside, to: world.shown }, 5060, 5060, bytesOf(message))),
    );
  }

  private hear(seen: ReturnType<World['send']>): this {
    this.heard = seen
      .map(({ pkt }) => Buffer.from(pkt.bytes.subarray(pkt.l4 + 8, pkt.l3End)).toString('latin1'))
      .join('');
    return this;
  }

  offer(port = 6000, fields: Partial<SipFields> = {}): string {
    return invite({ ...this.caller, body: sdp(this.world.inside, [`m=audio ${port} RTP/AVP 0`]), ...fields });
  }

  answer(code: string, port = 7000, fields: Partial<SipFields> = {}): string {
    const body = port === 0 ? '' : sdp(this.world.outside, [`m=audio ${port} RTP/AVP 0`]);
    const contact = `<sip:bob@${uri(this.world.outside)}>`;
    return response(code, 'INVITE', { ...this.seen, contact, body, ...fields });
  }

  get expectations(): string[] {
    return [...this.world.expectations].sort();
  }

  get state(): string {
    return [...this.world.flows.calls.all].map(({ state }) => state).join(' ');
  }
}

const uri = (address: string): string => (address.includes(':') ? `[${address}]` : address);

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

  for (const length of ['4294967297', '-5', 'abc', '10\r\nContent-Length: 20', '', '99999', '1']) {
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
