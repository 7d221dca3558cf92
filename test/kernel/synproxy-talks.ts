/** The talks of SYNPROXY, by name: what client and server say, under which rule. */
import { CLIENT_SEQ as C, CLIENT_STAMP, SERVER_SEQ as S, SERVER_STAMP, type Talk } from './synproxy-talk.ts';

export interface TalkCase {
  /** Options of the rule. */
  readonly offers: string;
  readonly family?: 4 | 6;
  /** Lines of the nat table, where the case has one. */
  readonly nat?: string;
  /** SYNs are tracked, against the usual recipe. */
  readonly tracked?: boolean;
  readonly play: (talk: Talk) => Promise<void>;
}

const table = (name: string, lines: readonly string[]): string => `*${name}\n${lines.join('\n')}\nCOMMIT\n`;

/** The usual recipe (iptables-extensions(8), SYNPROXY). */
export function rulesOf({ offers, nat, tracked }: TalkCase): { v4: string; v6: string } {
  const raw = tracked ? [] : ['-A PREROUTING -i eth1 -p tcp -m tcp --syn -j CT --notrack'];
  const filter = ['INPUT', 'FORWARD'].flatMap((chain) => [
    `-A ${chain} -i eth1 -p tcp -m conntrack --ctstate ${tracked ? 'NEW,INVALID' : 'INVALID,UNTRACKED'} -j SYNPROXY ${offers}`,
    `-A ${chain} -m conntrack --ctstate INVALID -j DROP`,
  ]);
  const output = [
    '-A OUTPUT -p tcp -m conntrack --ctstate NEW',
    '-A OUTPUT -p tcp -m conntrack --ctstate ESTABLISHED',
  ];
  const text = table('raw', raw) + table('filter', [...filter, ...output]);
  return { v4: text + (nat === undefined ? '' : table('nat', [nat])), v6: text };
}

const MSS = (size: number) => [2, 4, size >> 8, size & 0xff];
const SACK = [4, 2];
const u32 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
const STAMP = (value: number, echo: number) => [1, 1, 8, 10, ...u32(value), ...u32(echo)];
const SCALE = (shift: number) => [1, 3, 3, shift];
const ALL = '--sack-perm --timestamp --wscale 7 --mss 1460 --ecn';
const EVERYTHING = [...MSS(1400), ...SACK, 1, 1, ...STAMP(CLIENT_STAMP, 0), ...SCALE(9)];

/** Up to the point where the client has been told to go on; with timestamps where both have them. */
async function open(
  talk: Talk,
  syn: readonly number[],
  synAck: readonly number[],
  flags = 'S',
  seq: (cookie: number) => number = () => S,
): Promise<void> {
  await talk.say('client', { flags, seq: C, options: [...syn], window: 64000 });
  const stamps = syn.includes(8) ? STAMP(CLIENT_STAMP + 1, talk.stamp) : [];
  await talk.say('client', { flags: 'A', seq: C + 1, ack: talk.cookie + 1, options: stamps, window: 500 });
  await talk.say('server', {
    flags: 'SA',
    seq: seq(talk.cookie),
    ack: C + 1,
    options: [...synAck],
    window: 28000,
  });
}

async function exchange(talk: Talk, stamped: boolean): Promise<void> {
  const [client, server] = stamped
    ? [STAMP(CLIENT_STAMP + 5, talk.stamp + 100), STAMP(SERVER_STAMP + 50, CLIENT_STAMP + 5)]
    : [[], []];
  const payload = [...Buffer.from('GET /\r\n')];
  const base = talk.cookie + 1;
  await talk.say('client', { flags: 'PA', seq: C + 1, ack: base, options: client, payload });
  await talk.say('server', { flags: 'A', seq: S + 1, ack: C + 8, options: server });
  await talk.say('server', {
    flags: 'PA',
    seq: S + 1,
    ack: C + 8,
    options: server,
    payload: [...Buffer.from('page')],
  });
  const sack = [1, 1, 5, 10, ...u32(base + 2), ...u32(base + 4)];
  await talk.say('client', { flags: 'A', seq: C + 8, ack: base, options: [...client, ...sack] });
  await talk.say('client', { flags: 'FA', seq: C + 8, ack: base + 4, options: client });
  await talk.say('server', { flags: 'FA', seq: S + 5, ack: C + 9, options: server });
  await talk.say('client', { flags: 'A', seq: C + 9, ack: base + 5, options: client });
}

const SERVER_ALL = [...MSS(1460), ...SACK, 1, 1, ...STAMP(SERVER_STAMP, CLIENT_STAMP + 1), ...SCALE(6)];

const whole = async (talk: Talk): Promise<void> => {
  await open(talk, EVERYTHING, SERVER_ALL, 'SEC');
  await exchange(talk, true);
};

/** Which segment size the server is told for those that clients announce. */
const sizes = async (talk: Talk): Promise<void> => {
  for (const [i, size] of [
    0, 100, 536, 1219, 1220, 1299, 1300, 1419, 1420, 1439, 1440, 1459, 1460, 8939, 8940, 65535,
  ].entries()) {
    const ports = { sport: 50_000 + i };
    await talk.say('client', { flags: 'S', seq: C, options: size === 0 ? [] : MSS(size) }, ports);
    await talk.say('client', { flags: 'A', seq: C + 1, ack: talk.cookie + 1 }, ports);
  }
};

/** What is left of the first connection judges the ACK of the second by what its server had sent. */
async function reopen(talk: Talk, by: number): Promise<void> {
  await open(talk, EVERYTHING, SERVER_ALL, 'S', (cookie) => cookie + by);
  await talk.say('client', { flags: 'R', seq: C + 1 });
  await talk.say('client', { flags: 'S', seq: C, options: EVERYTHING });
  await talk.say('client', { flags: 'A', seq: C + 1, ack: talk.cookie + 1 });
}

export const TALKS: Readonly<Record<string, TalkCase>> = {
  'all that can be offered is taken': { offers: ALL, play: whole },
  'the same over IPv6': { offers: ALL, family: 6, play: whole },
  'a client without timestamps gets a segment size only': {
    offers: ALL,
    async play(talk) {
      await open(
        talk,
        [...MSS(1460), ...SACK, 1, 1, ...SCALE(9)],
        [...MSS(1380), ...SACK, 1, 1, ...SCALE(6)],
      );
      await exchange(talk, false);
    },
  },
  'a client without options': {
    offers: ALL,
    async play(talk) {
      await open(talk, [], []);
      await exchange(talk, false);
    },
  },
  'a rule that offers nothing': {
    offers: '',
    async play(talk) {
      await open(talk, EVERYTHING, SERVER_ALL, 'SEC');
      await exchange(talk, true);
    },
  },
  'timestamps without scale': {
    offers: '--timestamp --sack-perm --mss 1200',
    async play(talk) {
      await open(talk, EVERYTHING, [...MSS(1460), ...STAMP(SERVER_STAMP, CLIENT_STAMP + 1)]);
      await exchange(talk, true);
    },
  },
  'a server without timestamps': {
    offers: ALL,
    async play(talk) {
      await open(talk, EVERYTHING, [...MSS(1460), ...SCALE(2)]);
      await exchange(talk, false);
    },
  },
  'sizes that a cookie keeps': { offers: '--mss 1460', play: sizes },
  'sizes that a cookie keeps in IPv6': { offers: '--mss 1440', family: 6, play: sizes },
  'a wrong cookie, and one for another port': {
    offers: ALL,
    async play(talk) {
      await talk.say('client', { flags: 'S', seq: C, options: EVERYTHING });
      await talk.say('client', { flags: 'A', seq: C + 1, ack: talk.cookie });
      await talk.say('client', { flags: 'A', seq: C + 2, ack: talk.cookie + 1 });
      await talk.say('client', { flags: 'A', seq: C + 1, ack: talk.cookie + 1 }, { sport: 40_001 });
      await talk.say('client', { flags: 'PA', seq: C + 1, ack: talk.cookie + 1, payload: [1, 2, 3] });
    },
  },
  'ACKs and SYN,ACKs sent again': {
    offers: ALL,
    async play(talk) {
      await talk.say('client', { flags: 'S', seq: C, options: EVERYTHING });
      const again = {
        flags: 'A',
        seq: C + 1,
        ack: talk.cookie + 1,
        options: STAMP(CLIENT_STAMP + 1, talk.stamp),
      };
      await talk.say('client', again);
      await talk.say('client', again);
      const synAck = { flags: 'SA', seq: S, ack: C + 1, options: SERVER_ALL };
      await talk.say('server', synAck);
      await talk.say('server', synAck);
      await talk.say('client', again);
      await exchange(talk, true);
    },
  },
  'keep-alives of a client whose SYN to the server was lost': {
    offers: ALL,
    async play(talk) {
      await talk.say('client', { flags: 'S', seq: C, options: EVERYTHING });
      const ack = { flags: 'A', ack: talk.cookie + 1, options: STAMP(CLIENT_STAMP + 1, talk.stamp) };
      await talk.say('client', { ...ack, seq: C + 1 });
      for (const seq of [C, C - 1, C + 1, C]) await talk.say('client', { ...ack, seq });
      await talk.say('server', { flags: 'SA', seq: S, ack: C + 1, options: SERVER_ALL });
      await exchange(talk, true);
    },
  },
  'a server that refuses, and a client that tries again': {
    offers: ALL,
    async play(talk) {
      await talk.say('client', { flags: 'S', seq: C, options: EVERYTHING });
      const ack = {
        flags: 'A',
        seq: C + 1,
        ack: talk.cookie + 1,
        options: STAMP(CLIENT_STAMP + 1, talk.stamp),
      };
      await talk.say('client', ack);
      await talk.say('server', { flags: 'RA', seq: 0, ack: C + 1 });
      await open(talk, EVERYTHING, SERVER_ALL);
      await exchange(talk, true);
    },
  },
  'a connection that was reset begins again, with a cookie before what the server sent': {
    offers: ALL,
    play: (talk) => reopen(talk, 1_000_000),
  },
  'a connection that was reset begins again, with a cookie behind what the server sent': {
    offers: ALL,
    play: (talk) => reopen(talk, -1_000_000),
  },
  'a reset of the server, with numbers of its own': {
    offers: ALL,
    async play(talk) {
      await open(talk, EVERYTHING, SERVER_ALL);
      await talk.say('server', { flags: 'R', seq: S + 1 });
    },
  },
  'segments that are no handshake, and broken ones': {
    offers: ALL,
    async play(talk) {
      for (const flags of ['SF', 'SR', 'R', 'FA', 'RA', 'SA', 'F', '']) {
        await talk.say('client', { flags, seq: C, ack: 1 });
      }
      for (const options of [
        [2, 0, 0, 0],
        [2, 3, 5, 0],
        [8, 10, 0, 0],
        [2, 4, 5, 180, 2, 4, 2, 0],
        [3, 3, 200, 0],
      ]) {
        await talk.say('client', { flags: 'S', seq: C, options: [...options, ...STAMP(1, 0)] });
      }
    },
  },
  'a server behind the gateway, whose clients are masqueraded': {
    offers: ALL,
    nat: '-A POSTROUTING -o eth0 -j SNAT --to-source 10.0.0.1',
    async play(talk) {
      await talk.say('client', { flags: 'S', seq: C, options: EVERYTHING });
      const ack = {
        flags: 'A',
        seq: C + 1,
        ack: talk.cookie + 1,
        options: STAMP(CLIENT_STAMP + 1, talk.stamp),
      };
      await talk.say('client', ack);
      await talk.sayTo('10.0.0.1', { flags: 'SA', seq: S, ack: C + 1, options: SERVER_ALL, window: 28000 });
      await talk.say('client', {
        flags: 'PA',
        seq: C + 1,
        ack: talk.cookie + 1,
        payload: [1, 2],
        options: STAMP(CLIENT_STAMP + 5, talk.stamp),
      });
      await talk.sayTo('10.0.0.1', {
        flags: 'A',
        seq: S + 1,
        ack: C + 3,
        options: STAMP(SERVER_STAMP + 9, CLIENT_STAMP + 5),
      });
    },
  },
  'SYNs that are tracked all the same': { offers: ALL, tracked: true, play: whole },
  "a port of the gateway's own that is closed": {
    offers: ALL,
    async play(talk) {
      await talk.sayToGateway({ flags: 'S', seq: C, options: EVERYTHING });
      await talk.sayToGateway({
        flags: 'A',
        seq: C + 1,
        ack: talk.cookie + 1,
        options: STAMP(CLIENT_STAMP + 1, talk.stamp),
      });
    },
  },
};
