/** PPTP's helper: calls out and in, told to end, messages well and ill made, with and without translation. */
import { TcpConversation, TimeLine } from '../../flow.ts';
import {
  clearRequest,
  control,
  disconnect,
  greCall,
  inConnected,
  inReply,
  inRequest,
  linkInfo,
  outReply,
  outRequest,
  startReply,
  startRequest,
  stopReply,
  stopRequest,
  wanError,
} from '../../pptp-words.ts';

const line = new TimeLine();
const [PLAIN, HIDDEN, SERVER, PUBLIC] = ['10.0.0.3', '10.0.0.2', '198.51.100.7', '203.0.113.1'];
let port = 3000;

type Say = readonly (readonly [side: 'client' | 'server', message: readonly number[]])[];

function open(client: string, server = SERVER, shown = client): TcpConversation {
  port++;
  return new TcpConversation(
    { ends: { from: client, to: server }, port, peerPort: 1723 },
    (packet) => line.inside(packet),
    { ends: { from: server, to: shown }, port: 1723, peerPort: port },
    (packet) => line.outside(packet),
  ).handshake();
}

function say(talk: TcpConversation, words: Say): void {
  for (const [side, message] of words) talk[side]('PA', message);
}

const BEGUN: Say = [
  ['client', startRequest()],
  ['server', startReply()],
];

/** Calls of a client at `client`, which the server knows as `shown`; each has ids of its own. */
function calls(client: string, shown: string): void {
  const there = { from: client, to: SERVER };
  const back = { from: SERVER, to: shown };
  const seen = (id: number): number => (client === shown ? id : port);
  // Out, data from the client first; the server ends it.
  let talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['client', outRequest(101)],
    ['server', outReply(201, seen(101))],
  ]);
  line
    .inside(greCall(there, 201))
    .outside(greCall(back, seen(101)))
    .inside(greCall(there, 201));
  say(talk, [
    ['server', linkInfo(seen(101))],
    ['client', linkInfo(201)],
    ['server', wanError(seen(101))],
    ['client', control(5)],
    ['server', control(6)],
    ['client', clearRequest(101)],
    ['server', disconnect(201)],
  ]);
  line.inside(greCall(there, 201));
  // Another call on it, data from the server first, and a third beside it.
  say(talk, [
    ['client', outRequest(102)],
    ['server', outReply(202, seen(102))],
  ]);
  line.outside(greCall(back, seen(102))).inside(greCall(there, 202));
  say(talk, [
    ['client', outRequest(103)],
    ['server', outReply(203, seen(103))],
  ]);
  line.inside(greCall(there, 203)).outside(greCall(back, seen(103)));
  say(talk, [
    ['client', stopRequest()],
    ['server', stopReply()],
    ['client', startRequest()],
  ]);
  // Nobody uses it; the answer is repeated.
  talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['client', outRequest(104)],
    ['server', outReply(204, seen(104))],
    ['server', outReply(204, seen(104))],
    ['server', outReply(205, seen(104))],
  ]);
  // Refused; of another id; out of turn; a session that was refused.
  talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['client', outRequest(105)],
    ['server', outReply(206, seen(105), 2)],
    ['server', outReply(206, seen(105))],
    ['client', outRequest(106)],
    ['server', outReply(207, 999)],
    ['client', outReply(207, 106)],
    ['server', outRequest(300)],
  ]);
  talk = open(client, SERVER, shown);
  say(talk, [
    ['client', startRequest()],
    ['server', startReply(2)],
    ['client', outRequest(107)],
    ['server', outReply(208, seen(107))],
  ]);
  talk = open(client, SERVER, shown);
  say(talk, [
    ['client', outRequest(108)],
    ['server', outReply(209, seen(108))],
    ['server', stopReply(2)],
    ['client', clearRequest(108)],
    ['server', disconnect(108)],
  ]);
  // In.
  talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['server', inRequest(210)],
    ['client', inReply(109, 210)],
    ['server', inConnected(109)],
  ]);
  line.outside(greCall(back, 109)).inside(greCall(there, 210));
  talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['server', inRequest(211)],
    ['client', inReply(110, 211, 2)],
    ['server', inConnected(110)],
    ['server', inRequest(212)],
    ['client', inReply(111, 999)],
  ]);
  // Only the server has something to say.
  talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['client', outRequest(121)],
    ['server', outReply(217, seen(121))],
  ]);
  line.outside(greCall(back, seen(121)));
  // Ill made: cut, of another kind, with another cookie, unknown, two in one segment.
  talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['client', outRequest(112).slice(0, 100)],
    ['client', outRequest(113).map((byte, i) => (i === 3 ? 2 : byte))],
    ['client', outRequest(114).map((byte, i) => (i === 4 ? 0 : byte))],
    ['client', control(16)],
    ['client', control(0)],
    ['client', control(999)],
    ['client', outRequest(115).slice(0, 12)],
    ['client', outRequest(116).slice(0, 11)],
    ['client', [...control(5), ...outRequest(117)]],
    ['client', [...outRequest(118), 1, 2, 3]],
    ['server', outReply(213, seen(118))],
    ['server', outReply(214, seen(118)).slice(0, -1)],
  ]);
  // The control connection ends, and its call with it.
  talk = open(client, SERVER, shown);
  say(talk, BEGUN);
  say(talk, [
    ['client', outRequest(119)],
    ['server', outReply(215, seen(119))],
  ]);
  line.inside(greCall(there, 215));
  talk.client('R');
}

calls(PLAIN, PLAIN);
calls(HIDDEN, PUBLIC);

// A server behind the translation.
port++;
const inward = new TcpConversation(
  { ends: { from: SERVER, to: PUBLIC }, port, peerPort: 1723 },
  (packet) => line.outside(packet),
  { ends: { from: PLAIN, to: SERVER }, port: 1723, peerPort: port },
  (packet) => line.inside(packet),
).handshake();
say(inward, BEGUN);
say(inward, [
  ['client', outRequest(120)],
  ['server', outReply(216, port)],
]);
line.outside(greCall({ from: SERVER, to: PUBLIC }, 216));
line.inside(greCall({ from: PLAIN, to: SERVER }, port));
line.inside(greCall({ from: PLAIN, to: SERVER }, 120));

export const steps = line.steps;
