/** The calls of real captures (sipp): what is listed agrees with what tshark counts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { helperRules, type Call } from '../../../src/alg/index.ts';
import { runReplay } from '../../../src/replay/replay.ts';
import { callFields, callTableText } from '../../../src/replay/report/calls.ts';
import { requireOrSkip } from '../../support/require.ts';

const PCAPS = join(import.meta.dirname, '../../../pcaps');
const NAT = '*nat\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n';

const callsOf = (capture: string, extra = ''): readonly Call[] => reportOf(capture, extra).calls;

function reportOf(capture: string, extra = ''): ReturnType<typeof runReplay> {
  return runReplay(
    {
      rules: { text: helperRules(4) + extra, file: 'rules' },
      rules6: { text: helperRules(6), file: 'rules6' },
      inputs: [{ iface: null, path: join(PCAPS, capture) }],
    },
    { flows: true },
  );
}

function tshark(capture: string, statistic: string): string {
  const { stdout } = spawnSync('tshark', ['-r', join(PCAPS, capture), '-q', '-z', statistic], {
    encoding: 'utf8',
  });
  return stdout ?? '';
}

describe('report: calls', () => {
  for (const capture of ['sip-rtp.pcap', 'sip-rtp-ipv6.pcap']) {
    it(`${capture}: one call, both directions of its media, nothing lost`, () => {
      const [call, ...rest] = callsOf(capture);
      assert.deepEqual([call!.state, call!.code, rest.length], ['ENDED', 200, 0]);
      assert.deepEqual(
        call!.quality.map(({ packets, lost, codec }) => [packets, lost, codec]),
        [
          [46, 0, 'PCMA/8000'],
          [46, 0, 'PCMA/8000'],
        ],
      );
      for (const { mos } of call!.quality) assert.ok(mos > 4.3 && mos <= 4.5);
    });

    it(`${capture}: packets, loss and jitter of each stream as tshark counts them`, function () {
      const streams = tshark(capture, 'rtp,streams')
        .split('\n')
        .filter((line) => line.includes('0x'))
        .map((line) => {
          const words = line.trim().split(/\s+/);
          const [, , from, fromPort] = words;
          const [, packets, lost] = /(\d+) +(\d+) \(/.exec(line)!;
          const jitter = Number(words.at(-1));
          return `${from} ${fromPort} ${packets} ${lost} ${jitter.toFixed(3)}`;
        })
        .sort();
      requireOrSkip(this, 'needs tshark that lists RTP streams', streams.length > 0);
      const ours = callsOf(capture).flatMap(({ quality }) =>
        quality.map(({ from, packets, lost, maxJitterMs }) => {
          const [, address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(from)!;
          return `${address} ${port} ${packets} ${lost} ${maxJitterMs.toFixed(3)}`;
        }),
      );
      assert.deepEqual(ours.sort(), streams);
    });
  }

  it('the time to answer is what tshark calls setup time', function () {
    const setup = /Average setup time (\d+) ms/.exec(tshark('sip-rtp.pcap', 'sip,stat'))?.[1];
    requireOrSkip(this, 'needs tshark that knows SIP statistics', setup !== undefined);
    const [call] = callsOf('sip-rtp.pcap');
    assert.equal(Math.floor((call!.answerUs - call!.startUs) / 1000), Number(setup));
  });

  it('messages of each method and status are as many as tshark counts', function () {
    const lines = [
      ...tshark('sip-rtp.pcap', 'sip,stat').matchAll(/^ {2}(?:SIP (\d+) .*?|([A-Z]+) *): +(\d+) Packets/gm),
    ];
    requireOrSkip(this, 'needs tshark that knows SIP statistics', lines.length > 0);
    const counts = new Map<string, number>();
    for (const { kind, text } of reportOf('sip-rtp.pcap').flows.flatMap(({ events }) => events)) {
      const [first = '', second = ''] = text.split(' ');
      const name = first === 'SIP/2.0' ? second : first;
      if (kind === 'message') counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    assert.deepEqual(
      [...counts].sort(),
      lines.map(([, status, method, count]) => [status ?? method, Number(count)] as [string, number]).sort(),
    );
  });

  it('media are heard behind address translation too', () => {
    const [call] = callsOf('sip-rtp.pcap', NAT);
    assert.deepEqual(
      call!.quality.map(({ packets }) => packets),
      [46, 46],
    );
  });

  it('S-8: prints a row a call and a line a stream, with nothing that a terminal would obey', () => {
    const [call] = callsOf('sip-rtp.pcap');
    const hostile = Object.assign(Object.create(call!) as Call, { from: 'a\x1b[2J\n' });
    const lines = callTableText([call!, hostile]).trimEnd().split('\n');
    assert.match(lines[0]!, /^call +from +to +state +code +rang after +answered after +talked +resent$/);
    assert.match(
      lines[1]!,
      /^ +1 +sipp@10\.254\.0\.2:5060 +service@10\.253\.0\.2:5060 +ENDED +200 .* 9\.01 s +0$/,
    );
    assert.match(
      lines[3]!,
      /^ {4}10\.254\.0\.2:6000 +10\.253\.0\.2:7000 +0x5105ce00 +PCMA\/8000 +8\.11 s +46 +0 /,
    );
    assert.equal(lines.length, 9);
    assert.match(lines[5]!, /a\\x1b\[2J\\n/);
    assert.equal(callTableText([]), 'no call was seen\n');
  });

  it('gives programs the same', () => {
    const fields = callFields(callsOf('sip-rtp.pcap')[0]!) as { state: string; media: { packets: number }[] };
    assert.equal(fields.state, 'ENDED');
    assert.deepEqual(
      fields.media.map(({ packets }) => packets),
      [46, 46],
    );
  });
});
