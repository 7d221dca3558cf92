import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CaptureError } from '../../../src/capture/index.ts';
import { JsonReport, packetLine, summaryLine, timerLine } from '../../../src/replay/report/json.ts';
import { StringOutput } from '../../../src/replay/report/output.ts';
import { HOSTILE, outcome, RULES, START_US, summary, SYN, UNSAFE } from './outcomes.ts';

const all = { packets: true, wanted: () => true, trace: true };

describe('--json', () => {
  it('writes a packet as the contract has it', () => {
    const line = packetLine(
      outcome({ timeUs: START_US + 1000, out: [{ iface: 'eth1', frame: SYN.subarray(0, 4) }] }),
    );
    assert.equal(
      line,
      '{"type":"packet","n":1,"time":1700000000.001,"in":"eth0","verdict":"ACCEPT","reason":"forwarded",' +
        '"code":"FORWARDED","rule":"filter:FORWARD:3","place":"rules/firewall.rules:41",' +
        '"out":[{"iface":"eth1","frame":"02000000"}],"conntrack":null,"translation":null,"trace":[]}\n',
    );
  });

  it('holds everything that an outcome says', () => {
    const one = outcome({
      in: '',
      verdict: 'DROP',
      rule: null,
      ruleObject: null,
      out: [],
      conntrack: { state: 'NEW', direction: 'original', entry: 'ipv4 2 udp', mark: 7 },
      translation: {
        before: { src: '10.0.0.1', dst: '10.0.0.2', sport: 1, dport: 2 },
        after: { src: '192.0.2.1', dst: '10.0.0.2' },
      },
      trace: [{ at: 'filter:FORWARD:rule:1', text: '-A FORWARD -j DROP', place: 'r:1' }],
      log: ['IN=eth0 OUT='],
      notes: ['checksum filled in'],
    });
    const read = JSON.parse(packetLine(one));
    assert.equal(read.rule, null);
    assert.equal(read.in, '');
    assert.equal('place' in read, false);
    for (const key of ['conntrack', 'translation', 'trace', 'log', 'notes', 'out'] as const) {
      assert.deepEqual(read[key], one[key]);
    }
  });

  it('keeps every microsecond of a time stamp', () => {
    for (const us of [0, 1, 999_999, 123_456]) {
      const { time } = JSON.parse(packetLine(outcome({ timeUs: START_US + us })));
      assert.equal(Math.round(time * 1e6), START_US + us);
      assert.match(packetLine(outcome({ timeUs: START_US + us })), /"time":1700000000(\.\d{1,6})?,/);
    }
  });

  it('is one line of valid JSON, and safe to show, whatever the names and texts are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (noise) => {
        const text = noise + HOSTILE;
        const line = packetLine(
          outcome({
            in: text,
            reason: text,
            rule: text,
            out: [{ iface: text, frame: SYN }],
            trace: [{ at: text, text, place: text }],
            log: [text],
            notes: [text],
          }),
        );
        assert.equal(line.indexOf('\n'), line.length - 1);
        assert.doesNotMatch(line, UNSAFE);
        const read = JSON.parse(line);
        assert.deepEqual([read.in, read.rule, read.out[0].iface, read.log[0]], [text, text, text, text]);
      }),
    );
  });

  it('ends with a summary that holds tables, counters, connections, notes and cuts', () => {
    const cut = new CaptureError('CAPTURE_CUT', 'the capture ends in a record', 'a.pcap', 99);
    const read = JSON.parse(summaryLine(summary({ truncated: [cut] })));
    assert.equal(read.type, 'summary');
    assert.deepEqual(read.tables, { v4: RULES, v6: '' });
    assert.deepEqual(read.rules[0], {
      family: 'v4',
      rule: 'filter:FORWARD:1',
      text: '-p tcp -m tcp --dport 80 -j ACCEPT',
      place: 'rules/firewall.rules:5',
      packets: 12,
      bytes: 3400,
    });
    assert.equal(read.conntrack.length, 1);
    assert.deepEqual(read.expectations, []);
    assert.deepEqual([read.first, read.last], [1_700_000_000, 1_700_000_012.345678]);
    assert.deepEqual(read.truncated, [
      { message: 'the capture ends in a record', code: 'CAPTURE_CUT', file: 'a.pcap', offset: 99 },
    ]);
  });

  it('says after which frame a timer sent something', () => {
    const out = new StringOutput();
    const report = new JsonReport(out, all);
    report.packet!(outcome({ n: 7 }));
    report.timer!({ timeUs: START_US, out: [{ iface: 'eth1', frame: SYN }], log: [] });
    const [, timer] = out.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(timer.type, 'timer');
    assert.equal(timer.after, 7);
    assert.equal(timer.out[0].iface, 'eth1');
    assert.equal(
      timerLine({ timeUs: 0, out: [], log: ['x'] }, 0),
      '{"type":"timer","after":0,"time":0,"out":[],"log":["x"]}\n',
    );
  });

  it('asks for traces and packets only where lines of packets are wanted', () => {
    const out = new StringOutput();
    const report = new JsonReport(out, { ...all, packets: false });
    assert.equal(report.packet, undefined);
    assert.equal(report.trace, false);
    report.finish(summary());
    assert.equal(out.text.split('\n').length, 2);
  });
});
