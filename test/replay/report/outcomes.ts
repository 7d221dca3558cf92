/** Outcomes and summaries made by hand, for tests of reports. */
import type { PacketOutcome } from '../../../src/replay/outcome.ts';
import type { ReplaySummary } from '../../../src/replay/summary.ts';
import { ethernet, frame, ipv4, tcp, udp } from '../../../src/wire/build.ts';
import { makeRule } from '../../../src/netfilter/rule.ts';
import { parseRestore } from '../../../src/netfilter/syntax/index.ts';

/** 2023-11-14 22:13:20 UTC. */
export const START_US = 1_700_000_000_000_000;

const LINK = { src: '02:00:00:00:01:01', dst: '02:00:00:00:00:01' };

export const SYN = frame(
  ethernet(LINK),
  ipv4({ src: '10.254.0.2', dst: '10.253.0.2' }),
  tcp({ srcPort: 51000, dstPort: 80, seq: 1000, flags: 0x02, window: 64240 }),
);

export const DNS = frame(
  ethernet(LINK),
  ipv4({ src: '10.254.0.2', dst: '10.253.0.2' }),
  udp({ srcPort: 40000, dstPort: 53 }),
);

export const RULE = makeRule({ place: { file: 'rules/firewall.rules', line: 41 } });

export function outcome(parts: Partial<PacketOutcome> = {}): PacketOutcome {
  return {
    n: 1,
    timeUs: START_US + 1000,
    in: 'eth0',
    frame: SYN,
    verdict: 'ACCEPT',
    reason: 'forwarded',
    reasonCode: 'FORWARDED',
    rule: 'filter:FORWARD:3',
    ruleObject: RULE,
    out: [{ iface: 'eth1', frame: SYN }],
    conntrack: null,
    translation: null,
    trace: [],
    log: [],
    notes: [],
    ...parts,
  };
}

export const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT
-A FORWARD -p udp -m comment --comment "names \\"and\\" times" -j ACCEPT
-A FORWARD -j DROP
COMMIT
`;

export function summary(parts: Partial<ReplaySummary> = {}): ReplaySummary {
  const ruleset = parseRestore(RULES, { family: 4, file: 'rules/firewall.rules' });
  const rules = ruleset.tables.get('filter')!.chains.get('FORWARD')!.rules;
  Object.assign(rules[0]!, { packets: 12, bytes: 3400 });
  Object.assign(rules[2]!, { packets: 3, bytes: 180 });
  return {
    frames: 16,
    bytes: 4096,
    firstTimeUs: START_US,
    lastTimeUs: START_US + 12_345_678,
    verdicts: { ACCEPT: 13, DROP: 3, STOLEN: 0, QUEUE: 0 },
    reasons: [
      { code: 'FORWARDED', text: 'forwarded', verdict: 'ACCEPT', frames: 13 },
      { code: 'RULE', text: 'rule', verdict: 'DROP', frames: 3 },
    ],
    interfaces: [{ name: 'eth0', received: 10, receivedBytes: 3000, sent: 6, sentBytes: 1096 }],
    tables: { v4: RULES, v6: '' },
    sets: [],
    accounting: [],
    rulesets: [ruleset],
    conntrack: ['ipv4     2 tcp      6 119 TIME_WAIT src=10.254.0.2 dst=10.253.0.2 sport=51000 dport=80'],
    flows: [],
    calls: [],
    expectations: [],
    notes: [{ text: 'sides: eth0 inside with 10.254.0.2/32' }],
    truncated: [],
    warnings: [],
    ...parts,
  };
}

/** For trying what escapes: colours, a cleared screen, a new line, C1, a turned direction of writing, half a pair. */
export const HOSTILE = '\u001b[31m\u001b[2J"\\\n\u009b0m\u202e\u2028\ud800';

/** What a terminal would obey, or what would break a line in two. */
export const UNSAFE =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff](?<![\ud800-\udbff][\udc00-\udfff])(?![\udc00-\udfff])/;
