/** Every key of an expectation, holding and not: filters, packets, totals. */
import assert from 'node:assert/strict';
import { PACKET_KEYS } from '../../../src/replay/cases/packet-keys.ts';
import { FILTER_KEYS } from '../../../src/replay/cases/filter-keys.ts';
import { TOTAL_KEYS } from '../../../src/replay/cases/total-keys.ts';
import type { PacketOutcome } from '../../../src/replay/outcome.ts';
import { makeRule } from '../../../src/netfilter/rule.ts';
import {
  arp,
  ethernet,
  fragment,
  frame,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  tcp,
  udp,
} from '../../../src/wire/build.ts';
import { parseRestore } from '../../../src/netfilter/syntax/restore.ts';
import { outcome, SYN } from '../report/outcomes.ts';
import { found, type Replayed } from './support.ts';

const V6 = frame(ethernet(), ipv6({ src: 'fd54::2', dst: 'fd53::2' }), icmpv6({ type: 128 }));
const PING = frame(ethernet(), ipv4({ src: '10.254.0.2', dst: '10.253.0.2' }), icmp({ type: 8 }));
const UNREACHABLE = frame(
  ethernet(),
  ipv4({ src: '10.253.0.2', dst: '10.254.0.2' }),
  icmp({ type: 3, code: 3 }),
);
const ARP = frame(
  ethernet(),
  arp({ senderMac: '02:00:00:00:00:01', senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
);
const DNS = frame(
  ethernet(),
  ipv4({ src: '10.254.0.2', dst: '10.253.0.2' }),
  udp({ srcPort: 53, dstPort: 5353 }),
);
/** A later fragment: what stands where ports stand in the first is data. */
const FRAGMENT = frame(
  ethernet(),
  ipv6({ src: 'fd54::2', dst: 'fd53::2' }),
  fragment({ id: 1, fragOffset: 1448 }),
  udp({ srcPort: 53, dstPort: 53 }),
);

describe('filters of cases', () => {
  type Row = readonly [filter: string, takes: Partial<PacketOutcome>, leaves: Partial<PacketOutcome>];
  const ct = (state: 'NEW' | 'ESTABLISHED') =>
    ({ conntrack: { state, direction: 'original', entry: null, mark: 0 } }) as const;
  const rows: readonly Row[] = [
    ['in: eth0', { in: 'eth0' }, { in: 'eth1' }],
    ['in: [eth0, eth2]', { in: 'eth2' }, { in: 'eth1' }],
    ['proto: tcp', { frame: SYN }, { frame: DNS }],
    ['proto: [udp, 1]', { frame: PING }, { frame: SYN }],
    ['proto: icmpv6', { frame: V6 }, { frame: PING }],
    ['proto: arp', { frame: ARP }, { frame: SYN }],
    ['proto: ipv6', { frame: V6 }, { frame: SYN }],
    ['src: 10.254.0.0/24', { frame: SYN }, { frame: UNREACHABLE }],
    ['src: "fd54::/64"', { frame: V6 }, { frame: SYN }],
    ['dst: [10.253.0.2, "fd53::2"]', { frame: V6 }, { frame: UNREACHABLE }],
    ['dst: 0.0.0.0/0', { frame: SYN }, { frame: ARP }],
    ['host: 10.253.0.2', { frame: UNREACHABLE }, { frame: V6 }],
    ['sport: 53', { frame: DNS }, { frame: SYN }],
    ['dport: [22, 80-81]', { frame: SYN }, { frame: DNS }],
    ['dport: 0-65535', { frame: SYN }, { frame: PING }],
    ['port: 53', { frame: DNS }, { frame: FRAGMENT }],
    ['flags: [SYN, "!ACK"]', { frame: SYN }, { frame: DNS }],
    [
      'flags: ["!SYN"]',
      { frame: frame(ethernet(), ipv4({ src: '1.1.1.1', dst: '2.2.2.2' }), tcp({ flags: 0x10 })) },
      { frame: SYN },
    ],
    ['icmp: echo-request', { frame: PING }, { frame: UNREACHABLE }],
    ['icmp: echo-request', { frame: V6 }, { frame: SYN }],
    ['icmp: 3/3', { frame: UNREACHABLE }, { frame: PING }],
    ['text: "Flags [S]"', { frame: SYN }, { frame: DNS }],
    ['text: /^IP6 fd54::2 > /', { frame: V6 }, { frame: SYN }],
    ['state: [NEW, RELATED]', ct('NEW'), ct('ESTABLISHED')],
    ['state: NEW', ct('NEW'), { conntrack: null }],
    ['verdict: DROP', { verdict: 'DROP' }, { verdict: 'ACCEPT' }],
    ['not: { dport: 80, proto: tcp }', { frame: DNS }, { frame: SYN }],
    ['proto: tcp, dport: 80', { frame: SYN }, { frame: DNS }],
  ];
  for (const [filter, takes, leaves] of rows) {
    it(`{ ${filter} } takes what it says and leaves the rest`, () => {
      assert.equal(found(`  - any: { ${filter} }`, { packets: [outcome(takes)] }), 'passed');
      assert.equal(found(`  - none: { ${filter} }`, { packets: [outcome(leaves)] }), 'passed');
    });
  }

  it('are tried key by key here', () => {
    const tried = new Set(rows.map(([filter]) => filter.slice(0, filter.indexOf(':'))));
    assert.deepEqual(new Set(Object.keys(FILTER_KEYS)), tried);
  });
});

describe('expectations of a packet', () => {
  const comment = parseRestore(
    '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m comment --comment "the web" -j ACCEPT\nCOMMIT\n',
    { family: 4 },
  )
    .tables.get('filter')!
    .chains.get('FORWARD')!.rules[0]!;
  const translation = {
    before: { src: '10.254.0.2', dst: '10.253.0.1', sport: 5000, dport: 8080 },
    after: { src: '10.253.0.1', dst: '10.254.0.2', sport: 5000, dport: 80 },
  };
  const v6 = {
    before: { src: 'fd54::2', dst: 'fd53::2' },
    after: { src: '2001:db8::1', dst: 'fd53::2' },
  };
  const conntrack = {
    state: 'NEW',
    direction: 'reply',
    entry: 'ipv4 2 tcp 6 src=1.1.1.1',
    mark: -1,
  } as const;
  const trace = [
    { at: 'raw:PREROUTING:policy:2', text: '-P PREROUTING ACCEPT', place: '' },
    {
      at: 'filter:FORWARD:rule:3',
      text: '-A FORWARD -m comment --comment "the \\"web\\"" -j a',
      place: 'r:1',
    },
    { at: 'filter:a:return:4', text: 'end of the chain', place: '' },
  ];
  const out = [
    { iface: 'eth1', frame: SYN },
    { iface: 'eth0', frame: PING },
    { iface: 'eth1', frame: DNS },
  ];
  type Row = readonly [key: string, packet: Partial<PacketOutcome>, answer: string];
  const rows: readonly Row[] = [
    ['verdict: DROP', { verdict: 'DROP' }, 'passed'],
    ['verdict: drop', { verdict: 'DROP' }, 'passed'],
    ['verdict: [DROP, QUEUE]', {}, 'verdict: ACCEPT'],
    ['rule: filter:FORWARD:3', {}, 'passed'],
    ['rule: filter:FORWARD', { rule: 'filter:FORWARD:policy' }, 'passed'],
    ['rule: filter:FORWARD:policy', { rule: 'filter:FORWARD:policy' }, 'passed'],
    ['rule: [filter:FORWARD:1, filter:FORWARD:2]', {}, 'rule: filter:FORWARD:3'],
    ['rule: filter:FORWARD:1', { rule: null }, 'rule: none'],
    ['rule: none', { rule: null }, 'passed'],
    ['rule: none', {}, 'rule: filter:FORWARD:3'],
    ['rule: names "and" times', { ruleObject: comment }, 'rule: filter:FORWARD:3'],
    ['reason: POLICY', { reason: 'policy DROP', reasonCode: 'POLICY' }, 'passed'],
    ['reason: no route', { reason: 'no route', reasonCode: 'NO_ROUTE' }, 'passed'],
    ['reason: no rou', { reason: 'no route', reasonCode: 'NO_ROUTE' }, 'reason: no route (NO_ROUTE)'],
    ['reason: /^no/', { reason: 'no route', reasonCode: 'NO_ROUTE' }, 'passed'],
    ['out: [eth0, eth1]', { out }, 'passed'],
    ['out: eth1', { out }, 'out: eth0, eth1'],
    ['out: none', { out: [] }, 'passed'],
    ['out: eth0', { out: [] }, 'out: none'],
    ['sends: [/^eth1 .*Flags/, "eth0 IP 10.254.0.2 > 10.253.0.2: ICMP echo request"]', { out }, 'passed'],
    ['sends: RST', { out: [] }, 'sends: none'],
    ['snat: 10.253.0.1', { translation }, 'passed'],
    ['snat: 10.254.0.2 -> 10.253.0.1', { translation }, 'passed'],
    ['snat: 10.254.0.2:5000 -> :5000', { translation }, 'passed'],
    ['snat: 10.253.0.9', { translation }, 'snat: 10.254.0.2:5000 -> 10.253.0.1:5000'],
    ['snat: none', { translation }, 'snat: 10.254.0.2:5000 -> 10.253.0.1:5000'],
    ['snat: none', { translation: null }, 'passed'],
    ['snat: 10.253.0.1', { translation: null }, 'snat: none'],
    ['snat: "fd54:0::2 -> [2001:db8::1]"', { translation: v6 }, 'passed'],
    ['dnat: none', { translation: v6 }, 'passed'],
    ['dnat: 10.253.0.1:8080 -> 10.254.0.2:80', { translation }, 'passed'],
    ['dnat: 10.254.0.2:81', { translation }, 'dnat: 10.253.0.1:8080 -> 10.254.0.2:80'],
    ['state: NEW', { conntrack }, 'passed'],
    ['state: [ESTABLISHED, RELATED]', { conntrack }, 'state: NEW'],
    ['state: none', {}, 'passed'],
    ['state: NEW', {}, 'state: none'],
    ['direction: reply', { conntrack }, 'passed'],
    ['direction: original', { conntrack }, 'direction: reply'],
    ['direction: original', {}, 'direction: no connection'],
    ['ctmark: 0xffffffff', { conntrack }, 'passed'],
    ['ctmark: 1', { conntrack }, 'ctmark: 4294967295'],
    ['entry: [src=1.1.1.1, /^ipv4/]', { conntrack }, 'passed'],
    ['entry: src=2', { conntrack }, 'entry: ipv4 2 tcp 6 src=1.1.1.1'],
    ['entry: none', {}, 'passed'],
    ['log: ["refused", /DPT=23$/]', { log: ['refused: DPT=23'] }, 'passed'],
    ['log: refused', { log: [] }, 'log: none'],
    ['log: none', { log: ['x'] }, 'log: x'],
    ['passes: [filter:FORWARD:3, raw:PREROUTING:policy]', { trace }, 'passed'],
    ['passes: filter:a', { trace }, 'passed'],
    ['passes: filter:FORWARD:1', { trace }, 'passes: not filter:FORWARD:1'],
    ['avoids: filter:FORWARD:2', { trace }, 'passed'],
    ['avoids: filter:FORWARD', { trace }, 'avoids: filter:FORWARD:3'],
    ['note: none', {}, 'passed'],
    ['note: checksum', { notes: ['transport checksum filled in'] }, 'passed'],
    ['note: none', { notes: ['a'] }, 'note: a'],
  ];
  const rules = (names: readonly string[]) => {
    const text = names.map(
      (name) =>
        `:${name} ACCEPT [0:0]\n${`-A ${name} -m comment --comment "names \\"and\\" times"\n`.repeat(4)}`,
    );
    const raw = '*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n';
    return [parseRestore(`${raw}*filter\n${text.join('')}:a - [0:0]\nCOMMIT\n`, { family: 4 })];
  };
  const rulesets = rules(['FORWARD']);
  for (const [key, packet, answer] of rows) {
    it(`${key}: ${answer}`, () => {
      const replayed: Replayed = { packets: [outcome(packet)], summary: { rulesets } };
      assert.equal(found(`  - packet: 1\n    ${key}`, replayed), answer);
    });
  }

  it('take a rule by its comment', () => {
    const rule = makeRule({ matches: comment.matches });
    const rulesets = [
      parseRestore('*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m comment --comment "the web"\nCOMMIT\n', {
        family: 4,
      }),
    ];
    const replayed = { packets: [outcome({ ruleObject: rule })], summary: { rulesets } };
    assert.equal(found('  - packet: 1\n    rule: the web', replayed), 'passed');
    assert.equal(found('  - packet: 1\n    rule: /^the/', replayed), 'passed');
    assert.equal(
      found('  - packet: 1\n    rule: the wbe', replayed),
      'no rule has the comment the wbe (did you mean "the web"?)',
    );
  });

  it('are tried key by key here', () => {
    const tried = new Set(rows.map(([key]) => key.slice(0, key.indexOf(':'))));
    assert.deepEqual(new Set(Object.keys(PACKET_KEYS)), tried);
  });
});

describe('expectations of the whole', () => {
  // What `summary()` of the reports' tests holds: 16 frames, three rules in filter:FORWARD, the second never hit.
  const replayed: Replayed = { packets: [outcome(), outcome({ n: 2 })], log: ['refused: DPT=23', 'x'] };
  const rows: readonly (readonly [string, string])[] = [
    ['frames: 2', 'passed'],
    ['frames: at least 3', 'frames: 2'],
    ['frames: 3-4', 'frames: 2'],
    ['frames: at most 2', 'passed'],
    ['verdicts: { ACCEPT: 13, DROP: 3 }', 'passed'],
    ['verdicts: { ACCEPT: 12, DROP: 4 }', 'verdicts ACCEPT: 13; verdicts DROP: 3'],
    ['drops: { RULE: 3, POLICY: 0 }', 'passed'],
    ['drops: { RULE: 2 }', 'drops RULE: 3'],
    ['drops: none', 'drops: 3 RULE (rule)'],
    ['counters: { filter:FORWARD:1: 12, filter:FORWARD: 15, filter:FORWARD:policy: 0 }', 'passed'],
    ['counters: { filter:FORWARD:1: { packets: 12, bytes: 3400 } }', 'passed'],
    [
      'counters: { filter:FORWARD:1: { packets: 11, bytes: 1 } }',
      'filter:FORWARD:1 packets: 12; filter:FORWARD:1 bytes: 3400',
    ],
    ['counters: { filter:FORWARD:3: 4 }', 'filter:FORWARD:3: 3'],
    ['counters6: { filter:FORWARD:3: 0 }', 'passed'],
    [
      'unusedRules: none',
      'unusedRules: never  rules/firewall.rules:6  -p udp -m comment --comment "names \\"and\\" times" -j ACCEPT',
    ],
    ['unusedRules: filter:FORWARD:2', 'passed'],
    [`unusedRules: 'names "and" times'`, 'passed'],
    ['connections: 1', 'passed'],
    ['connections: 0', 'connections: 1'],
    ['conntrack: /TIME_WAIT .*dport=80/', 'passed'],
    ['noConntrack: dport=22', 'passed'],
    [
      'noConntrack: TIME_WAIT',
      'noConntrack: ipv4     2 tcp      6 119 TIME_WAIT src=10.254.0.2 dst=10.253.0.2 sport=51000 dport=80',
    ],
    [
      'conntrack: UDP',
      'conntrack: ipv4     2 tcp      6 119 TIME_WAIT src=10.254.0.2 dst=10.253.0.2 sport=51000 dport=80',
    ],
    ['log: [DPT=23, x]', 'passed'],
    ['log: DPT=24', 'log: refused: DPT=23\nx'],
    ['noLog: DPT=24', 'passed'],
    ['noLog: DPT', 'noLog: refused: DPT=23'],
    ['logLines: 2', 'passed'],
    ['logLines: 0', 'logLines: 2'],
    ['sent: { eth0: 6 }', 'passed'],
    ['sent: { eth0: 7 }', 'sent eth0: 6'],
    ['sent: { ehh0: 7 }', 'sent ehh0: there is no interface ehh0 (did you mean "eth0"?)'],
  ];
  for (const [key, answer] of rows) {
    it(`${key}: ${answer.split('\n')[0]}`, () => {
      assert.equal(found(`  - totals:\n      ${key}`, replayed), answer);
    });
  }

  it('are tried key by key here', () => {
    const tried = new Set(rows.map(([key]) => key.slice(0, key.indexOf(':'))));
    assert.deepEqual(new Set(Object.keys(TOTAL_KEYS)), tried);
  });
});
