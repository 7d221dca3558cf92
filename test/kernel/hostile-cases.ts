/**
 * Cases of hostile FTP and SIP for the helpers that behave as the kernel's: many connections, of both families, with and without
 * translation, on each of which a few messages are said that are mostly wrong (hostile-words.ts). A seed names a case.
 */
import type { KernelCase } from '../../src/conform/kernel/ask.ts';
import { parseGateway } from '../../src/conform/kernel/gateway-file.ts';
import { Chance } from '../../src/conform/random/chance.ts';
import { tcp, text, udp, type Ends } from '../../src/conform/frames.ts';
import { TcpConversation, TimeLine } from './flow.ts';
import { madeWrong } from './hostile-words.ts';
import { invite, register, response, sdp, sip, type SipFields } from './sip-words.ts';

const CONNECTIONS = 40;
const FIRST_PORT = 20_000;

const GATEWAY = `
interfaces:
  eth0: { mac: '02:00:00:00:00:01', addresses: [10.0.0.1/24, 'fd00:a::1/64'], mtu: 1500 }
  eth1: { mac: '02:00:00:00:00:02', addresses: [203.0.113.1/24, '2001:db8:1::1/64'], mtu: 1500 }
neighbours:
  - { dev: eth0, ip: 10.0.0.2, mac: '02:00:00:00:01:01' }
  - { dev: eth0, ip: 10.0.0.3, mac: '02:00:00:00:01:01' }
  - { dev: eth0, ip: 'fd00:a::2', mac: '02:00:00:00:01:01' }
  - { dev: eth0, ip: 'fd00:a::3', mac: '02:00:00:00:01:01' }
  - { dev: eth1, ip: 203.0.113.254, mac: '02:00:00:00:01:02' }
  - { dev: eth1, ip: '2001:db8:1::fe', mac: '02:00:00:00:01:02' }
routes:
  - { to: default, via: 203.0.113.254, dev: eth1 }
  - { to: default, via: '2001:db8:1::fe', dev: eth1 }
helpers: { mode: linux }
sysctl: { net.netfilter.nf_conntrack_log_invalid: 6, net.netfilter.nf_conntrack_tcp_be_liberal: 1 }
`;

/** Nothing is for the gateway itself: what took a port there would make the kernel draw another for the client. */
const rules = (hidden: string, shown: string): string => `*raw
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip
-A PREROUTING -p tcp -m tcp --dport 5060 -j CT --helper sip
COMMIT
*nat
-A POSTROUTING -s ${hidden} -o eth1 -j SNAT --to-source ${shown}
COMMIT
*filter
-A INPUT -j DROP
-A FORWARD -m helper --helper ftp
-A FORWARD -m helper --helper sip
-A FORWARD -m conntrack --ctstate RELATED
COMMIT
`;

/** The addresses of a connection: of its two ends, and what the server sees of the client. */
interface Parties {
  readonly family: 4 | 6;
  readonly client: string;
  readonly server: string;
  readonly shown: string;
}

const PARTIES: readonly Parties[] = [
  { family: 4, client: '10.0.0.3', server: '198.51.100.7', shown: '10.0.0.3' },
  { family: 4, client: '10.0.0.2', server: '198.51.100.7', shown: '203.0.113.1' },
  { family: 6, client: 'fd00:a::3', server: '2001:db8:9::7', shown: 'fd00:a::3' },
  { family: 6, client: 'fd00:a::2', server: '2001:db8:9::7', shown: '2001:db8:1::1' },
];

type Talk = (line: TimeLine, parties: Parties, port: number, chance: Chance) => void;

export function hostileFtp(seed: number): KernelCase {
  return hostileCase(seed, ftpTalk);
}

export function hostileSip(seed: number): KernelCase {
  return hostileCase(seed, (...talk) => (talk[3].is(0.75) ? sipTalk(...talk) : sipStream(...talk)));
}

function hostileCase(seed: number, talk: Talk): KernelCase {
  const chance = new Chance(seed);
  const line = new TimeLine();
  for (let n = 0; n < CONNECTIONS; n++) talk(line, chance.pick(PARTIES), FIRST_PORT + n, chance);
  return {
    rules: { v4: rules('10.0.0.2', '203.0.113.1'), v6: rules('fd00:a::2', '2001:db8:1::1') },
    gateway: parseGateway(GATEWAY, 'gateway'),
    input: line.steps,
  };
}

// ── TCP ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A connection whose ends know nothing of what the gateway does to the lengths of their lines. */
function connect(
  line: TimeLine,
  { client, server, shown }: Parties,
  port: number,
  serverPort: number,
): TcpConversation {
  return new TcpConversation(
    { ends: { from: client, to: server }, port, peerPort: serverPort },
    (packet) => line.inside(packet),
    { ends: { from: server, to: shown }, port: serverPort, peerPort: port },
    (packet) => line.outside(packet),
  ).handshake();
}

/** Whole, in two segments, or repeated with what was there before. */
function say(talk: TcpConversation, isClient: boolean, words: string, chance: Chance): void {
  const segment = (part: string, seq?: number): void => {
    const overrides = seq === undefined ? {} : { seq };
    if (isClient) talk.client('PA', text(part), overrides);
    else talk.server('PA', text(part), overrides);
  };
  const seq = isClient ? talk.clientSeq : talk.serverSeq;
  const cut = chance.is(0.15) ? chance.between(0, words.length) : 0;
  if (cut > 0) segment(words.slice(0, cut));
  segment(words.slice(cut));
  if (chance.is(0.08)) segment(words, seq);
}

// ── FTP ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function ftpTalk(line: TimeLine, parties: Parties, port: number, chance: Chance): void {
  const { client, server, shown } = parties;
  const talk = connect(line, parties, port, 21);
  if (chance.is(0.9)) {
    talk
      .server('PA', text('220 ready\r\n'))
      .client('PA', text('USER a\r\n'))
      .server('PA', text('230 in\r\n'));
  }
  for (let left = chance.between(1, 5); left > 0; left--) {
    const isClient = chance.is(0.5);
    const named = chance.between(1000, 9000);
    const own = isClient ? client : server;
    const words = isClient ? command(own, named, chance) : reply(own, named, chance);
    say(talk, isClient, madeWrong(words, chance), chance);
    if (!chance.is(0.3)) continue;
    const fields = { dport: named, seq: 1, flags: 'S' };
    if (isClient) line.outside(tcp({ from: server, to: shown }, { ...fields, sport: 20 }));
    else line.inside(tcp({ from: client, to: server }, { ...fields, sport: 30_000 + left }));
  }
}

function command(own: string, port: number, chance: Chance): string {
  const [high, low] = [port >> 8, port & 0xff];
  return chance.pick([
    `PORT ${own.includes(':') ? '10,0,0,3' : own.replaceAll('.', ',')},${high},${low}\r\n`,
    `EPRT |${own.includes(':') ? 2 : 1}|${own}|${port}|\r\n`,
    `EPRT |${own.includes(':') ? 2 : 1}|${own}|${port}|\r\n`,
    'PASV\r\n',
    'EPSV\r\n',
    'LIST\r\n',
  ]);
}

function reply(own: string, port: number, chance: Chance): string {
  const numbers = `${own.includes(':') ? '198,51,100,7' : own.replaceAll('.', ',')},${port >> 8},${port & 0xff}`;
  return chance.pick([
    `227 Entering Passive Mode (${numbers})\r\n`,
    `227 Entering Passive Mode (${numbers}).\r\n`,
    `227 ${numbers}\r\n`,
    `229 Entering Extended Passive Mode (|||${port}|)\r\n`,
    `229 Entering Extended Passive Mode (|||${port}|)\r\n`,
    '200 well\r\n',
  ]);
}

// ── SIP ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function sipTalk(line: TimeLine, parties: Parties, port: number, chance: Chance): void {
  const { client, server, shown } = parties;
  const out: Ends = { from: client, to: server };
  const back: Ends = { from: server, to: shown };
  const messages = chance.between(1, 5);
  for (let n = 0; n < messages; n++) {
    const isClient = n === 0 || chance.is(0.6);
    const words = text(madeWrong(message(parties, port, isClient, 'UDP', chance), chance));
    if (isClient) line.inside(udp(out, port, 5060, words));
    else line.outside(udp(back, 5060, port, words));
  }
}

function sipStream(line: TimeLine, parties: Parties, port: number, chance: Chance): void {
  const talk = connect(line, parties, port, 5060);
  for (let left = chance.between(1, 4); left > 0; left--) {
    const isClient = chance.is(0.6);
    const messages = Array.from({ length: chance.between(1, 2) }, () =>
      message(parties, port, isClient, 'TCP', chance),
    );
    say(talk, isClient, madeWrong(messages.join(''), chance), chance);
  }
}

/** Of a call or a registration, as an end would say it. */
function message(
  parties: Parties,
  port: number,
  isClient: boolean,
  transport: string,
  chance: Chance,
): string {
  const uri = (address: string): string => (address.includes(':') ? `[${address}]` : address);
  const { client, server, shown } = parties;
  const own = isClient ? client : server;
  const method = chance.pick([
    'INVITE',
    'INVITE',
    'UPDATE',
    'PRACK',
    'REGISTER',
    'BYE',
    'CANCEL',
    'ACK',
    'OPTIONS',
  ]);
  const fields: SipFields = {
    from: uri(isClient ? client : shown),
    to: uri(server),
    port: isClient ? port : 5060,
    callId: chance.pick(['call@1', `call${port}@x`]),
    cseq: `${chance.pick([1, 1, 2])} ${method}`,
    contact: chance.pick([
      `<sip:alice@${uri(own)}:${isClient ? port : 5060}>`,
      `<sip:alice@${uri(own)}>`,
      '*',
      '',
    ]),
    headers: chance.some(headers(uri(own), port), chance.between(0, 2)),
    body: chance.is(0.6) ? description(own, chance) : '',
    ...(chance.is(0.1) ? { length: null } : {}),
  };
  if (!isClient && chance.is(0.8)) {
    const via = `${uri(shown)}:${port}${chance.pick(['', ';branch=z9hG4bK1', `;received=${shown}`, ';rport=5060'])}`;
    const code = chance.pick([
      '100 Trying',
      '180 Ringing',
      '183 Progress',
      '200 OK',
      '401 No',
      '486 Busy',
      '202 Accepted',
    ]);
    return response(code, method, { ...fields, via }, transport);
  }
  if (method === 'INVITE') return invite(fields, transport);
  if (method === 'REGISTER') return register(fields, transport);
  return sip(
    `${method} sip:bob@${fields.to}${chance.pick(['', ':5060'])} SIP/2.0`,
    method,
    fields,
    transport,
  );
}

/** Ports that nobody else registers, where the kernel would draw another. */
function headers(own: string, port: number): readonly string[] {
  return [
    'Expires: 60',
    'Expires: 0',
    `m: <sip:carol@${own}:${port + 100}>;expires=30`,
    `Contact: <sip:dave@${own}>;expires=0, <sip:erin@${own}:${port + 200}>`,
    `v: SIP/2.0/UDP ${own}:5062;branch=2`,
    `Route: <sip:${own};lr>`,
    'User-Agent: a',
    'Subject: first\r\n second',
    'l: 0',
  ];
}

function description(own: string, chance: Chance): string {
  const kind = own.includes(':') ? 'IP6' : 'IP4';
  const port = 2 * chance.between(500, 9000);
  const media = chance.some(
    [
      `m=audio ${port} RTP/AVP 0`,
      `m=video ${port + 10} RTP/AVP 31`,
      `m=image ${port + 20} udptl t38`,
      `m=audio ${port + 31} RTP/AVP 8`,
      `m=application ${port} TCP 1`,
      `c=IN ${kind} ${own}`,
      'a=sendrecv',
      `a=rtcp:${port + 7}`,
      'm=audio 0 RTP/AVP 0',
    ],
    chance.between(1, 5),
  );
  return sdp(own, media, chance.is(0.9));
}
