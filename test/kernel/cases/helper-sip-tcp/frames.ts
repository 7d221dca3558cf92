/** SIP's helper over TCP: messages whole, several in a segment, in pieces, with lengths that lie. */
import { TimeLine } from '../../flow.ts';
import { LineTalk, type TalkEnds } from '../../line-talk.ts';
import { invite, register, response, sdp, type SipFields } from '../../sip-words.ts';

const line = new TimeLine();
const SERVER = '198.51.100.7';
const PUBLIC = '203.0.113.1';
const PLAIN = '10.0.0.3';
const HIDDEN = '10.0.0.2';

let port = 20_000;
const untranslated = (): TalkEnds => ({
  client: { from: PLAIN, to: SERVER },
  port: port++,
  serverPort: 5060,
});

const call = (media: number, fields: Partial<SipFields> = {}): string =>
  invite(
    { from: PLAIN, to: SERVER, port, body: sdp(PLAIN, [`m=audio ${media} RTP/AVP 0`]), ...fields },
    'TCP',
  );
const binding = (): string => register({ from: PLAIN, to: SERVER, port, headers: ['Expires: 60'] }, 'TCP');

for (const words of [
  () => call(6000),
  () => call(6010) + call(6020, { cseq: '2 INVITE' }),
  () => call(6030) + binding(),
  () => call(6040).slice(0, -10),
  () => call(6050) + call(6060).slice(0, 200),
  () => call(6070, { length: '10' }),
  () => call(6080, { length: '0' }),
  () => call(6090, { length: '4294967297' }),
  () => call(6100, { length: '-5' }),
  () => call(6110, { length: 'abc' }),
  () => call(6120, { length: null }),
  () => call(6130, { length: '99999999999999999999' }),
  () => call(6140).replaceAll('\r\n', '\n'),
  () => binding(),
  () => `POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n${call(6150)}`,
]) {
  new LineTalk(line, untranslated()).client(words()).server(words());
}

const talk = new LineTalk(line, {
  client: { from: HIDDEN, to: SERVER },
  server: { from: PUBLIC, to: SERVER },
  port: 5060,
  serverPort: 5060,
});
const client: SipFields = { from: HIDDEN, to: SERVER };
const seen: SipFields = { from: PUBLIC, to: SERVER };
talk.client(invite({ ...client, body: sdp(HIDDEN, ['m=audio 8000 RTP/AVP 0']) }, 'TCP'));
talk.server(response('200 OK', 'INVITE', { ...seen, body: sdp(SERVER, ['m=audio 9000 RTP/AVP 0']) }, 'TCP'));
talk.client(
  invite({ ...client, cseq: '2 INVITE', body: sdp(HIDDEN, ['m=audio 8010 RTP/AVP 0']) }, 'TCP') +
    register({ ...client, headers: ['Expires: 60'] }, 'TCP'),
);
talk.client(register({ ...client, headers: ['Expires: 60'] }, 'TCP'));

export const steps = line.steps;
