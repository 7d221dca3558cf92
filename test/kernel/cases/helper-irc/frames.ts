/** IRC's helper: offers well and ill made, with and without translation; SANE's, whose messages are binary. */
import { TimeLine } from '../../flow.ts';
import { LineTalk, type TalkEnds } from '../../line-talk.ts';
import { tcp, u16, u32 } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SERVER = '198.51.100.7';
const PUBLIC = '203.0.113.1';
const plain = { from: '10.0.0.3', to: SERVER };
const hidden = { from: '10.0.0.2', to: SERVER };
const shown = { from: PUBLIC, to: SERVER };
const OWN = 0x0a000003;

let port = 20_000;
const untranslated = (serverPort: number): TalkEnds => ({ client: plain, port: port++, serverPort });

for (const message of [
  `PRIVMSG bob :\x01DCC SEND file ${OWN} 5001 1024\x01\r\n`,
  `privmsg bob :\x01DCC CHAT chat ${OWN} 5002\x01\n`,
  `PRIVMSG bob :\x01DCC MOVE file ${OWN}  5003\x01\r\n`,
  `PRIVMSG bob :\x01DCC TSEND file ${OWN} 5004 9\x01\r\n`,
  `PRIVMSG bob :\x01DCC SCHAT chat ${OWN} 5005\x01\r\n`,
  `PRIVMSG bob :\x01DCC XCHAT chat ${OWN} 5006\x01\r\n`,
  `PRIVMSG bob :\x01DCC SEND file ${OWN + 1} 5007 1024\x01\r\n`,
  `PRIVMSG bob :\x01DCC SEND file ${OWN} 0 1024\x01\r\n`,
  `PRIVMSG bob :\x01DCC SEND file ${OWN} 70544 1024\x01\r\n`,
  `PRIVMSG bob :\x01DCC SEND file ${OWN} 5009 1024\x01`,
  `PRIVMSG bob :see \x01DCC SEND file ${OWN} 5010 1024\x01\r\n`,
  `NOTICE bob :\x01DCC SEND file ${OWN} 5011 1024\x01\r\n`,
  `\r\n PRIVMSG bob :\x01DCC SEND file ${OWN} 5012 1024\x01\r\n`,
  `NICK a\r\nPRIVMSG bob :\x01DCC SEND file ${OWN} 5013 1024\x01\r\n`,
  `PRIVMSG bob :\x01DCC SEND ${OWN} 5014\x01\r\n`,
  `PRIVMSG bob :\x01DCC SEND f x y\x01\r\nPRIVMSG bob :a\r\n`,
  `PRIVMSG bob :\x01DCC SEND file ${OWN} 16 1024\x01\r\n`,
  `PRIVMSG bob :\x01DCC CHAT a 1 1\x01\n`,
]) {
  new LineTalk(line, untranslated(6667)).client(message).server(message).client('PING\r\n');
}

const talk = new LineTalk(line, { client: hidden, server: shown, port: port++, serverPort: 6667 });
// 167772162 becomes 3405803777.
talk.client('PRIVMSG bob :\x01DCC SEND file 167772162 6001 1024\x01\r\n', 1).server('PING\r\n');
talk.client('PRIVMSG bob :\x01DCC SEND file 3405803777 6002 1024\x01\r\n').server('PING\r\n');
line.outside(tcp({ from: '192.0.2.9', to: PUBLIC }, { sport: 7000, dport: 6001, seq: 9, flags: 'S' }));
line.inside(
  tcp({ from: '10.0.0.2', to: '192.0.2.9' }, { sport: 6001, dport: 7000, seq: 7, ack: 10, flags: 'SA' }),
);
for (let i = 0; i < 10; i++) {
  talk.client(`PRIVMSG bob :\x01DCC CHAT chat 167772162 ${6010 + i}\x01\r\n`, 1).server('PING\r\n');
}

// SANE: only segments of eight bytes that ask to start, and the next answer.
const binary = (...bytes: number[]): string => String.fromCharCode(...bytes);
const START = binary(...u32(7), ...u32(0));
const answer = (status: number, zero: number, at: number): string =>
  binary(...u32(status), ...u16(zero), ...u16(at), ...u32(0));
for (const say of [
  (scan: LineTalk) => scan.client(START).server(answer(0, 0, 9001)),
  (scan: LineTalk) => scan.client(START).server(answer(1, 0, 9002)),
  (scan: LineTalk) => scan.client(START).server(answer(0, 1, 9003)),
  (scan: LineTalk) => scan.client(`${START}a`).server(answer(0, 0, 9004)),
  (scan: LineTalk) =>
    scan
      .client(START)
      .server('ab')
      .server(answer(0, 0, 9005)),
  (scan: LineTalk) =>
    scan
      .client(START)
      .client(binary(...u32(6), ...u32(0)))
      .server(answer(0, 0, 9006)),
  (scan: LineTalk) => scan.client(START).server(answer(0, 0, 0)),
]) {
  say(new LineTalk(line, untranslated(6566)));
}
line.inside(tcp(plain, { sport: 8000, dport: 9001, seq: 9, flags: 'S' }));

export const steps = line.steps;
