/** FTP's helper over IPv6: the extended forms, with and without translation. */
import { TimeLine } from '../../flow.ts';
import { LineTalk, type TalkEnds } from '../../line-talk.ts';
import { tcp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SERVER = '2001:db8:9::7';
const PUBLIC = '2001:db8:1::1';
const plain = { from: 'fd00:a::3', to: SERVER };
const hidden = { from: 'fd00:a::2', to: SERVER };

let port = 20_000;
const untranslated = (): TalkEnds => ({ client: plain, port: port++ });

for (const command of [
  'EPRT |2|fd00:a::3|1040|\r\n',
  'EPRT |2|fd00:000a:0:0::3|1041|\r\n',
  'EPRT |2|fd00:a::9|1042|\r\n',
  'EPRT |1|10.0.0.3|1043|\r\n',
  'EPRT |2|fd00:a:::3|1044|\r\n',
  'EPRT :2:fd00:a::3:1045:\r\n',
  'EPRT |2||1046|\r\n',
  'EPRT |2|fd00:a::3|1047|\n',
  'PORT 10,0,0,3,4,1\r\n',
]) {
  new LineTalk(line, untranslated()).client(command).client('NOOP\r\n');
}
for (const reply of [
  '229 Entering Extended Passive Mode (|||2060|)\r\n',
  '229 Extended (|||2061|)\r\n',
  '229 (|2|2001:db8:9::7|2062|)\r\n',
  '227 Entering Passive Mode (198,51,100,7,8,1)\r\n',
]) {
  new LineTalk(line, untranslated()).client('EPSV\r\n').server(reply).server('200 on\r\n');
}

const talk = new LineTalk(line, { client: hidden, server: { from: PUBLIC, to: SERVER }, port: port++ });
// What the gateway writes has all digits of all groups.
talk.client('EPRT |2|fd00:a::2|4097|\r\n', 30).server('200 right\r\n').client('LIST\r\n');
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 20, dport: 4097, seq: 9, flags: 'S' }));
line.inside(tcp({ from: 'fd00:a::2', to: SERVER }, { sport: 4097, dport: 20, seq: 7, ack: 10, flags: 'SA' }));
talk.server('226 done\r\n').client('EPSV\r\n').server('229 (|||4098|)\r\n').client('LIST\r\n');
line.inside(tcp(hidden, { sport: 30_000, dport: 4098, seq: 9, flags: 'S' }));
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 4098, dport: 30_000, seq: 1, ack: 10, flags: 'SA' }));

export const steps = line.steps;
