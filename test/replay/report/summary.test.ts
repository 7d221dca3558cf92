import assert from 'node:assert/strict';
import { CaptureError } from '../../../src/capture/index.ts';
import { StringOutput } from '../../../src/replay/report/output.ts';
import { SummaryReport } from '../../../src/replay/report/summary.ts';
import type { ReplaySummary } from '../../../src/replay/summary.ts';
import { HOSTILE, START_US, summary, UNSAFE } from './outcomes.ts';

function text(of: ReplaySummary, width = 0, color = false): string {
  const out = new StringOutput();
  new SummaryReport(out, { color, width }).finish(of);
  return out.text;
}

describe('the summary for people', () => {
  it('shows totals, verdicts, interfaces, rules with their counters and place, rules never hit, connections, notes', () => {
    assert.equal(
      text(summary()),
      `16 packets, 4,096 bytes from 2023-11-14 22:13:20 UTC, 12.3 s

Verdicts
  13  81 %  ██████████  ACCEPT  forwarded
   3  19 %  ███         DROP    rule

Interfaces
  eth0  received 10  (3,000 bytes)  sent 6  (1,096 bytes)

Rules hit (packets, bytes)
  12  3,400  ████████████  filter:FORWARD:1  -p tcp -m tcp --dport 80 -j ACCEPT  rules/firewall.rules:5
   3    180  ███           filter:FORWARD:3  -j DROP                             rules/firewall.rules:7

Rules never hit: 1 of 3
  filter:FORWARD:2  -p udp -m comment --comment "names \\"and\\" times" -j ACCEPT  rules/firewall.rules:6

Connections: 1
  ipv4     2 tcp      6 119 TIME_WAIT src=10.254.0.2 dst=10.253.0.2 sport=51000 dport=80

Notes
  sides: eth0 inside with 10.254.0.2/32
`,
    );
  });

  it('says nothing of what there is nothing of', () => {
    const empty = summary({
      frames: 0,
      bytes: 0,
      firstTimeUs: null,
      lastTimeUs: null,
      reasons: [],
      interfaces: [],
      rulesets: [],
      conntrack: [],
      notes: [],
    });
    assert.equal(text(empty), '0 packets, 0 bytes\n');
  });

  it('counts in the singular, and names rules of IPv6 as such', () => {
    const one = summary({ frames: 1, bytes: 1, lastTimeUs: START_US });
    const [ruleset] = one.rulesets;
    assert.match(text(one), /^1 packet, 1 byte from 2023-11-14 22:13:20 UTC, 0 µs\n/);
    const v6 = summary({ rulesets: [{ ...ruleset!, family: 6 }] });
    assert.match(text(v6), / v6 filter:FORWARD:1 /);
  });

  it('leaves out folders, then cuts rule texts, not places, in a narrow terminal', () => {
    const lines = text(summary(), 90).split('\n');
    assert.ok(lines.every((line) => line.length <= 90));
    assert.match(
      text(summary(), 90),
      /-p udp -m comment --comment "names \\"and\\" times" -…  firewall\.rules:6/,
    );
  });

  it('shows where a capture was cut, and what is odd about it', () => {
    const cut = summary({
      truncated: [new CaptureError('CAPTURE_CUT', 'ends within a record', 'a.pcap', 1234)],
      warnings: [new CaptureError('CAPTURE_GZIP', 'bytes behind the end', 'b.gz', 7)],
    });
    assert.match(text(cut), /\n {2}b\.gz: byte 7: bytes behind the end\n/);
    assert.match(
      text(cut),
      /\n {2}a\.pcap: byte 1234: ends within a record: what came before was processed\n$/,
    );
  });

  it('shows the first connections of many and how many there are', () => {
    const many = summary({ conntrack: Array.from({ length: 1500 }, (_, i) => `ipv4 connection ${i}`) });
    assert.match(text(many), /Connections: 1,500\n {2}ipv4 connection 0\n/);
    assert.match(text(many), /\n {2}… and 1,488 more; --json lists all\n/);
  });

  it('escapes what comes from files and names', () => {
    const hostile = summary({
      reasons: [{ code: 'X', text: HOSTILE, verdict: 'DROP', frames: 1 }],
      interfaces: [{ name: HOSTILE, received: 1, receivedBytes: 1, sent: 0, sentBytes: 0 }],
      conntrack: [HOSTILE],
      expectations: [HOSTILE],
      notes: [{ text: HOSTILE, place: { file: HOSTILE, line: 3 } }],
      truncated: [new CaptureError('CAPTURE_CUT', HOSTILE, HOSTILE, 1)],
    });
    assert.doesNotMatch(text(hostile), UNSAFE);
    assert.equal(text(hostile).split('\n').length, text(hostile, 0, true).split('\n').length);
  });
});
