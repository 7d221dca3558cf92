/** The flow table and the ladders of a real FTP session (pcaps/ftp-port.pcap), and of one that means harm. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { helperRules, type Flow } from '../../../src/alg/index.ts';
import { runReplay } from '../../../src/replay/replay.ts';
import { flowFields, flowTableText } from '../../../src/replay/report/flows.ts';
import { laddersSvg } from '../../../src/replay/report/ladder-svg.ts';
import { ladderText } from '../../../src/replay/report/ladder.ts';

const PCAPS = join(import.meta.dirname, '../../../pcaps');

function flowsOf(capture: string, events = true): { flows: readonly Flow[]; lastUs: number } {
  const { flows, lastTimeUs } = runReplay(
    {
      rules: { text: helperRules(4), file: 'rules' },
      rules6: { text: helperRules(6), file: 'rules6' },
      inputs: [{ iface: null, path: join(PCAPS, capture) }],
    },
    { flows: events },
  );
  return { flows, lastUs: lastTimeUs! };
}

describe('report: flows', () => {
  it('prints one row a control connection: what was negotiated last, its state and its pinholes', () => {
    const { flows, lastUs } = flowsOf('ftp-port.pcap');
    const [head, row, ...rest] = flowTableText(flows, lastUs).trimEnd().split('\n');
    assert.match(
      head!,
      /^flow +helper +client +server +packets +command +negotiated +code +state +for +opened +used$/,
    );
    assert.match(
      row!,
      / ftp +10\.254\.0\.2:\d+ +10\.253\.0\.2:21 +\d+ +PORT +10\.254\.0\.2:\d+ +226 +EXEC_COMP .* 3 +3$/,
    );
    assert.deepEqual(rest, []);
  });

  for (const [capture, form] of [
    ['ftp-pasv.pcap', 'PASV'],
    ['ftp-eprt.pcap', 'EPRT'],
    ['ftp-epsv.pcap', 'EPSV'],
    ['ftp-eprt-ipv6.pcap', 'EPRT'],
    ['ftp-epsv-ipv6.pcap', 'EPSV'],
  ] as const) {
    it(`${capture}: each data connection came through a pinhole that ${form} opened`, () => {
      const { flows } = flowsOf(capture, false);
      const sum = (of: (flow: Flow) => number): number => flows.reduce((total, flow) => total + of(flow), 0);
      assert.equal(
        sum((flow) => flow.expected),
        3,
      );
      assert.equal(
        sum((flow) => flow.used),
        3,
      );
      for (const flow of flows)
        assert.deepEqual([flow.command, flow.state, flow.events], [form, 'EXEC_COMP', []]);
    });
  }

  it('draws a ladder: who said what, which state it led to, what was opened and who came', () => {
    const ladder = ladderText(flowsOf('ftp-port.pcap').flows[0]!);
    const at = (pattern: RegExp): number => {
      const index = ladder.split('\n').findIndex((line) => pattern.test(line));
      assert.ok(index >= 0, `${pattern.source} is in\n${ladder}`);
      return index;
    };
    const order = [
      at(/│ PORT 10,254,0,2,\d+,\d+ ─+► │ {2}OPENING$/),
      at(/│ ◄─+ 200 PORT command successful.* │ {2}OPENED$/),
      at(/│ LIST ─+► │ {2}CMD_SENT$/),
      at(/◆ opened 10\.253\.0\.2:\* → 10\.254\.0\.2:\d+/),
      at(/│ ◄═+ 10\.253\.0\.2:20 → 10\.254\.0\.2:\d+ ═+ │/),
      at(/│ ◄─+ 226 Directory send OK\. │ {2}EXEC_COMP$/),
    ];
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    assert.doesNotMatch(ladder, /guest@example/, 'passwords are not shown');
  });

  it('gives programs the same, with the number of every packet', () => {
    const fields = flowFields(flowsOf('ftp-pasv.pcap').flows[0]!) as Record<string, unknown>;
    assert.deepEqual(
      [
        fields['helper'],
        fields['command'],
        fields['code'],
        fields['state'],
        fields['opened'],
        fields['used'],
      ],
      ['ftp', 'PASV', 226, 'EXEC_COMP', 3, 3],
    );
    const events = fields['events'] as { n: number; kind: string; from: string; text: string }[];
    const opened = events.find(({ kind }) => kind === 'expected')!;
    const message = events.find(({ n, kind }) => n === opened.n && kind === 'message')!;
    assert.match(message.text, /^227 /);
    assert.equal(events.find(({ kind }) => kind === 'used')!.from, 'client');
  });

  it('S-8: draws a picture in which text from outside stays text', () => {
    const { flows } = flowsOf('ftp-port.pcap');
    const [flow] = flows;
    flow!.events.push({ n: 1, timeUs: 0, kind: 'message', from: 'client', text: '</text><script>&"\x1b[2J' });
    const svg = laddersSvg(flows);
    assert.match(svg, /^<svg [^>]*>.*<\/svg>\n$/s);
    assert.doesNotMatch(svg, /<script|\x1b/);
    assert.match(svg, /&#60;\/text&#62;&#60;script&#62;&#38;&#34;\\x1b\[2J/);
    assert.match(ladderText(flow!), /<\/text><script>&"\\x1b\[2J/);
  });

  it('says so when nothing was watched', () => {
    const { flows, lastUs } = flowsOf('ping.pcap');
    assert.equal(flowTableText(flows, lastUs), 'no connection was watched by a helper\n');
  });
});
