/** SIP's helper over UDP: calls, registrations, messages well and ill made, with and without translation, both families. */
import { TimeLine } from '../../flow.ts';
import { invite, register, response, sdp, sip, type SipFields } from '../../sip-words.ts';
import { text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
let port = 5061;

for (const { plain, hidden, server, shown, uri } of [
  {
    plain: '10.0.0.3',
    hidden: '10.0.0.2',
    server: '198.51.100.7',
    shown: '203.0.113.1',
    uri: (address: string) => address,
  },
  {
    plain: 'fd00:a::3',
    hidden: 'fd00:a::2',
    server: '2001:db8:9::7',
    shown: '2001:db8:1::1',
    uri: (address: string) => `[${address}]`,
  },
]) {
  const kind = plain.includes(':') ? 'IP6' : 'IP4';
  const here: SipFields = { from: uri(plain), to: uri(server) };

  /** Each on a connection of its own: what the client says, and then what the server says. */
  const exchange = (request: (fields: SipFields) => string, ...answers: string[]): void => {
    const own = port++;
    line.inside(udp({ from: plain, to: server }, own, 5060, text(request({ ...here, port: own }))));
    for (const answer of answers) {
      line.outside(
        udp({ from: server, to: plain }, 5060, own, text(answer.replaceAll('{PORT}', String(own)))),
      );
    }
  };
  const audio = sdp(plain, ['m=audio 5004 RTP/AVP 0']);

  // Session descriptions.
  for (const [i, media] of [
    [`m=audio ${6000} RTP/AVP 0`],
    [`m=audio ${6011} RTP/AVP 0`, 'a=rtpmap:0 PCMU/8000'],
    [`m=audio ${6020} RTP/AVP 0`, `m=video ${6030} RTP/AVP 31`],
    [`m=audio 0 RTP/AVP 0`, `m=video ${6040} RTP/AVP 31`],
    [`m=image ${6050} udptl t38`],
    [`m=application ${6060} TCP 1`, `m=audio ${6070} RTP/AVP 0`],
    [`m=audio 500 RTP/AVP 0`],
    [`m=audio 66000 RTP/AVP 0`],
    [`m=audio ${6080} RTP/AVP 0`, `c=IN ${kind} ${plain}`],
    [`m=audio ${6090} RTP/AVP 0`, `c=IN ${kind} ${server}`],
    [`m=audio ${6100}/2 RTP/AVP 0`],
    [1, 2, 3, 4, 5].map((n) => `m=audio ${6110 + 10 * n} RTP/AVP 0`),
    [] as string[],
    ['m=audio'],
  ].entries()) {
    exchange((fields) => invite({ ...fields, callId: `sdp${i}`, body: sdp(plain, media.flat()) }));
  }
  exchange((fields) => invite({ ...fields, body: sdp(plain, ['m=audio 6200 RTP/AVP 0'], false) }));
  exchange((fields) => invite({ ...fields, body: sdp(server, ['m=audio 6210 RTP/AVP 0']) }));
  exchange((fields) => invite({ ...fields, body: audio.replaceAll('\r\n', '\n').replace('5004', '6220') }));

  // What answers and later requests do to them.
  const answered = sdp(server, ['m=audio 7000 RTP/AVP 0']);
  const answer = (code: string, method: string, body: string): string =>
    response(code, method, { ...here, body, via: `${uri(plain)}:{PORT};branch=1` });
  exchange(
    (f) => invite({ ...f, body: sdp(plain, ['m=audio 6300 RTP/AVP 0']) }),
    answer('180 Ringing', 'INVITE', ''),
  );
  exchange(
    (f) => invite({ ...f, body: sdp(plain, ['m=audio 6310 RTP/AVP 0']) }),
    answer('183 Progress', 'INVITE', answered),
  );
  exchange(
    (f) => invite({ ...f, body: sdp(plain, ['m=audio 6320 RTP/AVP 0']) }),
    answer('486 Busy', 'INVITE', ''),
  );
  exchange(
    (f) => invite({ ...f, body: sdp(plain, ['m=audio 6330 RTP/AVP 0']) }),
    answer('200 OK', 'INVITE', answered.replace('7000', '7010')),
  );
  exchange(
    (f) => invite({ ...f, body: sdp(plain, ['m=audio 6340 RTP/AVP 0']) }),
    sip(`BYE sip:alice@${uri(plain)} SIP/2.0`, 'BYE', { ...here, from: uri(server), to: uri(plain) }),
  );
  exchange(
    (f) => invite({ ...f, body: sdp(plain, ['m=audio 6350 RTP/AVP 0']) }),
    response('486 Busy', 'INVITE', { ...here, cseq: '9 INVITE' }),
  );
  exchange(
    (f) => invite({ ...f, body: sdp(plain, ['m=audio 6360 RTP/AVP 0']) }),
    invite({ ...here, from: uri(server), to: uri(plain), body: sdp(server, ['m=audio 7020 RTP/AVP 0']) }),
  );
  for (const method of ['UPDATE', 'ACK', 'PRACK', 'OPTIONS', 'INFO', 'INVITEX']) {
    exchange((f) =>
      sip(`${method} sip:bob@${f.to} SIP/2.0`, method, {
        ...f,
        body: sdp(plain, [`m=audio 64${method.length}0 RTP/AVP 0`]),
      }),
    );
  }

  // Headers.
  exchange((f) =>
    invite({ ...f, body: audio.replace('5004', '6500') })
      .replaceAll('Content-Length', 'l')
      .replace('Via', 'v')
      .replace('Contact', 'm')
      .replace('From', 'f'),
  );
  exchange((f) => invite({ ...f, body: audio.replace('5004', '6510') }).replace('CSeq: 1', 'CSeq:\r\n 1'));
  exchange((f) => invite({ ...f, cseq: 'x INVITE', body: audio.replace('5004', '6520') }));
  exchange((f) => invite({ ...f, body: audio.replace('5004', '6530') }).replace(/CSeq.*\r\n/, ''));
  exchange((f) => `\r\n${invite({ ...f, body: audio.replace('5004', '6540') })}`);
  exchange((f) => invite({ ...f, body: audio.replace('5004', '6550') }).replace('INVITE sip', 'invite sip'));
  exchange((f) => invite({ ...f, body: audio.replace('5004', '6560'), length: null }));
  exchange(() => 'SIP/2.0 xyz what\r\n\r\n');
  exchange(() => 'SIP/2.0 200');
  exchange(() => 'short');

  // Registrations.
  for (const fields of [
    {},
    { headers: ['Expires: 60'] },
    { headers: ['Expires: 0'] },
    { headers: ['Expires: 60'], contact: `<sip:alice@${uri(plain)}:5070>` },
    { headers: ['Expires: 60'], contact: `<sip:alice@${uri(plain)}>` },
    { headers: ['Expires: 60'], contact: `<sip:alice@${uri(server)}:5070>` },
    { headers: ['Expires: 60'], contact: `<sip:alice@${uri(plain)}:50>` },
    { headers: ['Expires: 60'], contact: `<sip:alice@${uri(plain)}:5072;transport=tcp>` },
    { headers: ['Expires: 60'], contact: `<sip:alice@${uri(plain)}:5073;transport=UDP>` },
    { contact: `<sip:alice@${uri(plain)}:5074>;expires=60` },
    { contact: `<sip:alice@${uri(plain)}:5075>;expires=0` },
    { contact: `<sip:alice@${uri(plain)}:5076>;expires=x` },
    { contact: 'sip:alice@example.test', headers: ['Expires: 60'] },
    { contact: '', headers: ['Expires: 60'] },
  ]) {
    exchange((f) => register({ ...f, ...fields }));
  }
  const bound = (code: string, contact: string, headers: string[] = []): string =>
    response(code, 'REGISTER', { ...here, contact, headers });
  const bind =
    (at: number) =>
    (f: SipFields): string =>
      register({ ...f, contact: `<sip:alice@${uri(plain)}:${at}>;expires=60` });
  exchange(bind(5100), bound('200 OK', `<sip:alice@${uri(plain)}:5100>;expires=50`));
  exchange(
    bind(5101),
    bound('200 OK', `<sip:alice@${uri(plain)}:9>, <sip:alice@${uri(plain)}:5101>;expires=50`),
  );
  exchange(
    bind(5102),
    bound('200 OK', `<sip:a@${uri(plain)}:5999>;expires=9, <sip:a@${uri(plain)}:5102>;expires=50`),
  );
  exchange(bind(5103), bound('401 Who', `<sip:alice@${uri(plain)}:5103>`));
  exchange(bind(5104), bound('200 OK', `<sip:alice@${uri(plain)}:5104>`, ['Expires: 40']));
  exchange(bind(5105), bound('200 OK', `<sip:alice@${uri(plain)}:5105>;expires=0`));
  exchange(bind(5106), bound('100 Trying', ''));
  exchange(bind(5107), response('200 OK', 'REGISTER', { ...here, cseq: '7 REGISTER', contact: '' }));
  // Somebody calls who is registered.
  line.outside(
    udp(
      { from: server, to: plain },
      5060,
      5100,
      text(invite({ from: uri(server), to: uri(plain), body: sdp(server, ['m=audio 7100 RTP/AVP 0']) })),
    ),
  );

  // Translated.
  const out = { from: hidden, to: server };
  const back = { from: server, to: shown };
  const client: SipFields = { from: uri(hidden), to: uri(server), port: 5060 };
  const seen: SipFields = { from: uri(shown), to: uri(server), port: 5060 };
  const say = (words: string): unknown => line.inside(udp(out, 5060, 5060, text(words)));
  const hear = (words: string): unknown => line.outside(udp(back, 5060, 5060, text(words)));
  say(register({ ...client, headers: ['Expires: 60'], cseq: '1 REGISTER' }));
  hear(
    response('200 OK', 'REGISTER', {
      ...seen,
      headers: ['Expires: 60'],
      via: `${uri(shown)}:5060;received=${shown};rport=5060`,
    }),
  );
  say(
    invite({
      ...client,
      body: sdp(hidden, [
        'm=audio 8000 RTP/AVP 0',
        `a=rtcp:8001`,
        'm=video 8010 RTP/AVP 31',
        `c=IN ${kind} ${hidden}`,
      ]),
    }),
  );
  hear(
    response('183 Progress', 'INVITE', {
      ...seen,
      contact: `<sip:bob@${uri(server)}:5060>`,
      body: sdp(server, ['m=audio 9000 RTP/AVP 0']),
    }),
  );
  hear(
    response('200 OK', 'INVITE', {
      ...seen,
      contact: `<sip:bob@${uri(server)}:5060>`,
      body: sdp(server, ['m=audio 9000 RTP/AVP 0']),
    }),
  );
  say(sip(`ACK sip:bob@${uri(server)}:5060 SIP/2.0`, 'ACK', client));
  line.inside(udp(out, 8000, 9000, text('voice')));
  line.outside(udp(back, 9000, 8000, text('voice')));
  line.outside(udp(back, 9001, 8001, text('report')));
  line.inside(udp(out, 8001, 9001, text('report')));
  line.outside(
    udp({ ...back, from: plain === '10.0.0.3' ? '192.0.2.9' : '2001:db8:9::9' }, 9010, 8010, text('video')),
  );
  say(invite({ ...client, cseq: '2 INVITE', body: sdp(hidden, ['m=audio 8021 RTP/AVP 0']) }));
  say(invite({ ...client, cseq: '3 INVITE', body: sdp(hidden, []) }));
  say(invite({ ...client, cseq: '3 INVITE', body: sdp(hidden, ['m=audio 8040 RTP/AVP 0']), length: null }));
  hear(
    invite({ from: uri(server), to: `${uri(shown)}:5060`, body: sdp(server, ['m=audio 9040 RTP/AVP 0']) }),
  );
  hear(sip(`BYE sip:alice@${uri(shown)}:5060 SIP/2.0`, 'BYE', { from: uri(server), to: uri(shown) }));
  // A phone that listens elsewhere than it sends from.
  line.inside(
    udp(
      out,
      5555,
      5060,
      text(
        invite({
          ...client,
          via: `${uri(hidden)}:5070;branch=1;maddr=${uri(hidden)}`,
          body: sdp(hidden, ['m=audio 8060 RTP/AVP 0']),
        }),
      ),
    ),
  );
  line.outside(udp(back, 5060, 5555, text(response('180 Ringing', 'INVITE', seen))));
  // Nobody is named by what a message ends with: it may have been cut.
  const named = `${uri(hidden)}:5580`;
  const known = sip(`OPTIONS sip:${uri(server)}:5060 SIP/2.0`, 'OPTIONS', { ...client, port: 5580 });
  for (const words of [
    known,
    `OPTIONS sip:bob@${named}`,
    `OPTIONS sip:bob@${named} SIP/2.0`,
    ...[
      `From: <sip:alice@${named}`,
      `To: <sip:${uri(hidden)}`,
      `Contact: <sip:a@${named}>, <sip:b@${named}`,
    ].map((last) => known.replace(/\r\nFrom[^]*/, `\r\nCSeq: 1 OPTIONS\r\n${last}`)),
    // That phone would listen at another port.
    known.replace(/:5580;branch[^]*/, ''),
  ]) {
    line.inside(udp(out, 5580, 5060, text(words)));
  }
  line.outside(udp(back, 5060, 5580, text(response('200 OK', 'OPTIONS', seen))));
  // Two phones behind one address want the same port.
  line.inside(
    udp(
      out,
      5561,
      5060,
      text(invite({ ...client, port: 5561, callId: 'other', body: sdp(hidden, ['m=audio 8060 RTP/AVP 0']) })),
    ),
  );
}

export const steps = line.steps;
