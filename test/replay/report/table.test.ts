import assert from 'node:assert/strict';
import { StringOutput } from '../../../src/replay/report/output.ts';
import { TableReport, type TableReportOptions } from '../../../src/replay/report/table.ts';
import type { PacketOutcome } from '../../../src/replay/outcome.ts';
import { ethernet, frame, ipv4, tcp } from '../../../src/wire/build.ts';
import { textWidth } from '../../../src/replay/report/text-width.ts';
import { DNS, HOSTILE, outcome, START_US, SYN, UNSAFE } from './outcomes.ts';

const PLAIN: TableReportOptions = { wanted: () => true, trace: false, color: false, width: 0, time: 'clock' };

const FORWARDED = outcome({
  translation: {
    before: { src: '10.254.0.2', dst: '10.253.0.2', sport: 51000, dport: 80 },
    after: { src: '192.0.2.1', dst: '10.253.0.2', sport: 51000, dport: 80 },
  },
});
const DROPPED = outcome({
  n: 2,
  frame: DNS,
  verdict: 'DROP',
  reason: 'no route',
  reasonCode: 'NO_ROUTE',
  rule: null,
  ruleObject: null,
  out: [],
});

function table(options: Partial<TableReportOptions>, ...outcomes: PacketOutcome[]): string {
  const out = new StringOutput();
  const report = new TableReport(out, { ...PLAIN, ...options });
  for (const one of outcomes) report.packet(one);
  return out.text;
}

describe('the table of packets', () => {
  it('has everything in one line where lines may be long', () => {
    assert.equal(
      table({ width: 180 }, FORWARDED, DROPPED),
      [
        'time             in     packet                                                    verdict  rule                                    out    translation',
        '22:13:20.001000  eth0   IP 10.254.0.2.51000 > 10.253.0.2.80: Flags [S], seq 100…  ACCEPT   filter:FORWARD:3 firewall.rules:41      eth1   src 10.254.0.2:51000 → 192.0.2.1:51000',
        '22:13:20.001000  eth0   IP 10.254.0.2.40000 > 10.253.0.2.53: UDP, length 0        DROP     no route                                –',
        '',
      ].join('\n'),
    );
  });

  it('moves the translation below in a terminal of 140 columns, and the rule too in one of 80', () => {
    assert.equal(
      table({ width: 140 }, FORWARDED),
      [
        'time             in     packet                                                        verdict  rule                                    out',
        '22:13:20.001000  eth0   IP 10.254.0.2.51000 > 10.253.0.2.80: Flags [S], seq 1000, l…  ACCEPT   filter:FORWARD:3 firewall.rules:41      eth1',
        '                 src 10.254.0.2:51000 → 192.0.2.1:51000',
        '',
      ].join('\n'),
    );
    assert.equal(
      table({ width: 80 }, FORWARDED),
      [
        'time             in     packet                                    verdict  out',
        '22:13:20.001000  eth0   IP 10.254.0.2.51000 > 10.253.0.2.80: Fl…  ACCEPT   eth1',
        '                 filter:FORWARD:3 firewall.rules:41  src 10.254.0.2:51000 → 192.0.2.1:51000',
        '',
      ].join('\n'),
    );
  });

  it('keeps rows within the width, at any width', () => {
    for (let width = 76; width <= 260; width += 7) {
      for (const line of table({ width, time: 'relative' }, FORWARDED, DROPPED).split('\n')) {
        if (/^ {14}/.test(line)) continue;
        assert.ok(textWidth(line) <= width, `${width}: ${line}`);
      }
    }
  });

  it('cuts nothing where the output is no terminal', () => {
    assert.match(table({}, FORWARDED), /Flags \[S\], seq 1000, win 64240, length 0 /);
  });

  it('shows what a refused packet caused, log lines, and notes once', () => {
    const refused = outcome({
      verdict: 'DROP',
      reason: 'rule filter:FORWARD:3',
      reasonCode: 'RULE',
      out: [{ iface: 'eth0', frame: DNS }],
      log: ['refused: IN=eth0 OUT=eth1 '],
      notes: ['transport checksum filled in'],
    });
    const text = table({ width: 120 }, refused, refused);
    assert.match(text, /\n {17}sent on eth0: IP 10\.254\.0\.2\.40000 > 10\.253\.0\.2\.53: UDP, length 0\n/);
    assert.equal(text.match(/log: refused: IN=eth0 OUT=eth1\n/g)?.length, 2);
    assert.equal(text.match(/note: transport checksum filled in \(said once\)/g)?.length, 1);
  });

  it('shows the trace under the packet', () => {
    const trace = [
      { at: 'raw:PREROUTING:policy:1', text: '-P PREROUTING ACCEPT', place: '' },
      { at: 'filter:FORWARD:rule:3', text: '-A FORWARD -j ACCEPT', place: 'rules/firewall.rules:41' },
    ];
    assert.match(
      table({ trace: true, width: 120 }, outcome({ trace })),
      /\n {19}raw:PREROUTING:policy:1 {2}-P PREROUTING ACCEPT\n {19}filter:FORWARD:rule:3 {4}-A FORWARD -j ACCEPT {2}firewall\.rules:41\n/,
    );
  });

  it('says where a packet stays, what the host sent, and what a rule did not decide', () => {
    const delivered = outcome({ reasonCode: 'DELIVERED', reason: 'delivered to this host', out: [] });
    const sent = outcome({ in: '', reasonCode: 'SENT', reason: 'sent by this host' });
    const closed = outcome({
      reasonCode: 'NO_SOCKET',
      reason: 'no socket',
      rule: 'filter:INPUT:policy',
      ruleObject: null,
      out: [],
    });
    const lines = table({ width: 140 }, delivered, sent, closed).split('\n');
    assert.match(lines[1]!, /eth0 .* ACCEPT {3}filter:FORWARD:3 firewall\.rules:41 {6}local$/);
    assert.match(lines[2]!, / {2}local {2}IP .* eth1$/);
    assert.match(lines[3]!, / ACCEPT {3}no socket \(filter:INPUT:policy\) {9}local$/);
  });

  it('shows only the packets asked for', () => {
    const text = table({ wanted: ({ verdict }) => verdict !== 'ACCEPT' }, FORWARDED, DROPPED);
    assert.equal(text.split('\n').length, 3);
    assert.match(text, /no route/);
  });

  it('escapes names, prefixes, reasons and places, with and without colours', () => {
    const hostile = outcome({
      in: HOSTILE,
      reason: HOSTILE,
      rule: HOSTILE,
      reasonCode: 'X',
      out: [{ iface: HOSTILE, frame: SYN }],
      log: [HOSTILE],
      notes: [HOSTILE],
      trace: [{ at: HOSTILE, text: HOSTILE, place: HOSTILE }],
    });
    for (const width of [0, 80, 120, 180]) {
      const text = table({ width, trace: true }, hostile);
      assert.doesNotMatch(text, UNSAFE);
      const painted = table({ width, trace: true, color: true }, hostile);
      assert.doesNotMatch(painted.replace(/\x1b\[\d{1,2}m/g, ''), UNSAFE);
      assert.equal(painted.split('\n').length, text.split('\n').length);
    }
  });

  it('colours verdicts only where colours are wanted', () => {
    assert.ok(table({ color: true }, FORWARDED, DROPPED).includes('\u001b[31mDROP   \u001b[39m'));
    assert.ok(!table({ color: false }, FORWARDED).includes('\u001b'));
  });

  it('prints frames of timers as rows of their own', () => {
    const out = new StringOutput();
    new TableReport(out, { ...PLAIN, width: 140 }).timer({
      timeUs: START_US,
      out: [{ iface: 'eth1', frame: DNS }],
      log: [],
    });
    assert.match(out.text, /–  .* SENT {5}by a timer of the gateway {15}eth1\n/);
  });

  it('counts TCP numbers from the beginning of the connection, both ways and through a translation', () => {
    const segment = (
      src: string,
      dst: string,
      ports: [number, number],
      seq: number,
      ack: number,
      flags: number,
    ) =>
      frame(
        ethernet({ src: '02:00:00:00:01:01', dst: '02:00:00:00:00:01' }),
        ipv4({ src, dst }),
        tcp({ srcPort: ports[0], dstPort: ports[1], seq, ack, flags, window: 1 }),
      );
    const client = { src: '10.254.0.2', dst: '10.253.0.2', sport: 51000, dport: 80 };
    const masked = { ...client, src: '192.0.2.1' };
    const out = { before: client, after: masked };
    const back = {
      before: { src: '10.253.0.2', dst: '192.0.2.1', sport: 80, dport: 51000 },
      after: { src: '10.253.0.2', dst: '10.254.0.2', sport: 80, dport: 51000 },
    };
    const original = { state: 'ESTABLISHED', direction: 'original', entry: null, mark: 0 } as const;
    const reply = { ...original, direction: 'reply' } as const;
    const text = table(
      {},
      outcome({ frame: SYN, translation: out, conntrack: original }),
      outcome({
        frame: segment('10.253.0.2', '192.0.2.1', [80, 51000], 5000, 1001, 0x12),
        translation: back,
        conntrack: reply,
      }),
      outcome({
        frame: segment('10.254.0.2', '10.253.0.2', [51000, 80], 1001, 5001, 0x10),
        translation: out,
        conntrack: original,
      }),
      outcome({
        frame: segment('10.253.0.2', '192.0.2.1', [80, 51000], 5001, 1001, 0x11),
        translation: back,
        conntrack: reply,
      }),
    );
    const numbers = [...text.matchAll(/Flags \[.*?\], (.*?), win/g)].map(([, part]) => part);
    assert.deepEqual(numbers, ['seq 1000', 'seq 5000, ack 1001', 'ack 1', 'seq 1, ack 1']);
  });
});
