/** FTP's helper over IPv4: every form, well and ill made, with and without translation; data connections; repetitions. */
import { TimeLine } from '../../flow.ts';
import { LineTalk, type TalkEnds } from '../../line-talk.ts';
import { tcp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SERVER = '198.51.100.7';
const PUBLIC = '203.0.113.1';
const plain = { from: '10.0.0.3', to: SERVER };
const hidden = { from: '10.0.0.2', to: SERVER };
const shown = { from: PUBLIC, to: SERVER };

let port = 20_000;
const untranslated = (): TalkEnds => ({ client: plain, port: port++ });
const translated = (): TalkEnds => ({ client: hidden, server: shown, port: port++ });

for (const command of [
  'PORT 10,0,0,3,4,1\r\n',
  'port 10,0,0,3,4,2\r\n',
  'PORT  10,0,0,3,4,3\r\n',
  'PORTX 10,0,0,3,4,4\r\n',
  'PORT 10,0,0,3,4,5\n',
  'PORT 10,0,0,3,4,6 \r\n',
  'PORT 10,0,0,3,260,7\r\n',
  'PORT 10,0,0,3,0,8\r\n',
  'PORT 10,0,0,3,0,0\r\n',
  'PORT 10,0,0,9,4,9\r\n',
  'PORT 10,0,0,4294967299,4,10\r\n',
  'PORT 10,0,0,3,4\r\n',
  'PORT 10,0,0,3,4,11',
  'PORT 10,0,0,3,4,12\r\nNLST\r\n',
  'NOOP\r\nPORT 10,0,0,3,4,13\r\n',
  'PORT',
  'PO',
  'PORT\r\n',
  'EPRT |1|10.0.0.3|1040|\r\n',
  'eprt !1!10.0.0.3!1041!\r\n',
  'EPRT |2|fd00:a::3|1042|\r\n',
  'EPRT |1|10.0.0.3|1043\r\n',
  'EPRT |1|10.0.0.3|0|\r\n',
  'EPRT |1|10.0.0.3|66579|\r\n',
  'EPRT |1|10.0.0.9|1044|\r\n',
  'EPRT 1110.0.0.3110451\r\n',
  'EPSV\r\n',
]) {
  new LineTalk(line, untranslated()).client(command).client('NOOP\r\n');
}
for (const reply of [
  '227 Entering Passive Mode (198,51,100,7,8,1)\r\n',
  '227 198,51,100,7,8,2\r\n',
  '227 =198,51,100,7,8,3\r\n',
  '227 Entering 1 Mode (198,51,100,7,8,4)\r\n',
  '227 Entering Passive Mode (198,51,100,9,8,5)\r\n',
  '227 Entering Passive Mode\r\n',
  '227 Entering Passive Mode (198,51,100,7,8,6',
  '227-Entering Passive Mode (198,51,100,7,8,7)\r\n',
  '229 Entering Extended Passive Mode (|||2060|)\r\n',
  '229 Entering Extended Passive Mode (!!!2061!)\r\n',
  '229 Entering Extended Passive Mode |||2062|\r\n',
  '229 Entering Extended Passive Mode (|1||2063|)\r\n',
  '229 Entering Extended Passive Mode (|||0|)\r\n',
  '229 Entering Extended Passive Mode (|||65536|)\r\n',
  '229 Entering Extended Passive Mode (|||2064',
  '22',
  '226 done\r\n',
]) {
  new LineTalk(line, untranslated()).client('PASV\r\n').server(reply).server('200 on\r\n');
}

// Translated: the line becomes longer, and everything behind it moves.
const active = new LineTalk(line, translated());
const before = active.clientSeq;
active.client('PORT 10,0,0,2,16,1\r\n', 3).server('200 right\r\n').client('LIST\r\n').server('150 comes\r\n');
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 20, dport: 4097, seq: 9, flags: 'S' }));
line.inside(tcp({ from: '10.0.0.2', to: SERVER }, { sport: 4097, dport: 20, seq: 7, ack: 10, flags: 'SA' }));
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 20, dport: 4097, seq: 10, ack: 8, flags: 'A' }));
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 21, dport: 4097, seq: 10, flags: 'S' }));
active.server('226 done\r\n').client('PORT 10,0,0,2,16,1\r\n', 0, before);
active.client('PORT 10,0,0,2,16,2\r\n', 3).server('200 right\r\n').client('EPRT |1|10.0.0.2|4099|\r\n', 3);
active.server('200 right\r\n').client('PORT 10,0,0,9,16,4\r\n').server('500 no\r\n');
active.client('PASV\r\n').server('227 Passive (198,51,100,7,16,5)\r\n').client('RETR a\r\n');
line.inside(tcp(hidden, { sport: 30_000, dport: 4101, seq: 9, flags: 'S' }));
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 4101, dport: 30_000, seq: 1, ack: 10, flags: 'SA' }));

// The server is inside, behind a port forward.
const passive = new LineTalk(line, {
  client: { from: SERVER, to: PUBLIC },
  server: { from: SERVER, to: '10.0.0.3' },
  port: 31_000,
  inward: true,
});
passive.client('PASV\r\n').server('227 Passive (10,0,0,3,24,1)\r\n', 4);
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 31_001, dport: 6145, seq: 9, flags: 'S' }));
line.inside(
  tcp({ from: '10.0.0.3', to: SERVER }, { sport: 6145, dport: 31_001, seq: 7, ack: 10, flags: 'SA' }),
);
passive.client('EPSV\r\n').server('229 Extended (|||6146|)\r\n').client('RETR a\r\n').server('150 a\r\n');
line.outside(tcp({ from: '198.51.100.8', to: PUBLIC }, { sport: 31_002, dport: 6146, seq: 9, flags: 'S' }));
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 31_002, dport: 6146, seq: 9, flags: 'S' }));

export const steps = line.steps;
