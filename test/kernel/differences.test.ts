/** Every item of docs/differences.md, shown: what the running kernel does, and what Sluice does instead. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ethernet, packet, tcp, text, udp } from '../../src/conform/frames.ts';
import { askKernel, type KernelAnswer, type KernelCase, type Step } from '../../src/conform/kernel/ask.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { askReplay } from '../../src/conform/sluice.ts';
import { standardGateway, MAC as GATEWAY_MAC, NEXT_MAC } from '../../src/conform/standard-gateway.ts';
import { requireOrSkip } from '../support/require.ts';

const DOCUMENT = new URL('../../docs/differences.md', import.meta.url);
const CLIENT = '192.0.2.5';
const SERVER = '198.51.100.7';
const GATEWAY = standardGateway(['192.0.2.0/24']);
const ENDS = { from: CLIENT, to: SERVER };

const fromInside = (ipPacket: readonly number[]): Step => ({
  iface: 'eth0',
  time: 1,
  frame: ethernet(GATEWAY_MAC.eth0, NEXT_MAC.eth0, ipPacket),
});
const fromOutside = (ipPacket: readonly number[]): Step => ({
  iface: 'eth1',
  time: 1,
  frame: ethernet(GATEWAY_MAC.eth1, NEXT_MAC.eth1, ipPacket),
});

function question(v4: string, packets: readonly (readonly number[])[] = [], gateway = GATEWAY): KernelCase {
  return { gateway, rules: { v4 }, input: packets.map(fromInside) };
}

const table = (name: string, ...rules: readonly string[]): string =>
  `*${name}\n${rules.join('\n')}\nCOMMIT\n`;
const rulesOf = ({ summary }: KernelAnswer): string[] =>
  summary.tables.v4.split('\n').flatMap((line) => /^\[\d+:\d+\] (-A .*)/.exec(line)?.[1] ?? []);
const countOf = ({ summary }: KernelAnswer): string =>
  /^\[(\d+):\d+\] -A/m.exec(summary.tables.v4)?.[1] ?? '';

/** The kernel takes the rule and keeps `kept` of it; Sluice refuses it in these words. */
function refuses(tableName: string, rule: string, kept: RegExp, words: RegExp): () => Promise<void> {
  return async () => {
    const asked = question(table(tableName, rule));
    assert.match(rulesOf(await askKernel(asked)).join(), kept);
    await assert.rejects(askReplay(asked), words);
  };
}

/** Where the search asks what stands at the ß (at the beginning of the payload it does), the kernel moves on by the whole length. */
const SHARP_S = [0x41, 0xdf, 0x42, 0xbf, 0x43, 0x44];

const ITEMS: Readonly<Record<string, () => Promise<void>>> = {
  'helpers that read messages': async () => {
    const rules = table('raw', '-A PREROUTING -p tcp --dport 21 -j CT --helper ftp');
    const back = { from: SERVER, to: CLIENT };
    const [client, server] = [
      { sport: 4000, dport: 21 },
      { sport: 21, dport: 4000 },
    ];
    const [user, port] = ['USER x\r\n', 'PORT 192,0,2,5,200,10\r\n'].map(text);
    const input = [
      fromInside(tcp(ENDS, { ...client, seq: 1, flags: 'S' })),
      fromOutside(tcp(back, { ...server, seq: 9, ack: 2, flags: 'SA' })),
      fromInside(tcp(ENDS, { ...client, seq: 2, ack: 10, flags: 'A' })),
      fromInside(tcp(ENDS, { ...client, seq: 2, ack: 10, flags: 'PA', payload: user! })),
      fromInside(tcp(ENDS, { ...client, seq: 2 + user!.length, ack: 10, flags: 'PA', payload: port! })),
    ];
    const asked = { gateway: GATEWAY, rules: { v4: rules }, input };
    const strict = { ...asked, gateway: { ...GATEWAY, helpers: { mode: 'strict' } } };
    assert.equal((await askKernel(asked)).summary.expectations.length, 1);
    assert.equal((await askReplay(asked)).summary.expectations.length, 1);
    assert.equal((await askReplay(strict)).summary.expectations.length, 0);
  },
  'helpers of our own': async () => {
    const asked = question(table('raw', '-A PREROUTING -p tcp --dport 514 -j CT --helper rsh'));
    await assert.rejects(askKernel(asked));
    assert.deepEqual(rulesOf(await askReplay(asked)), [
      '-A PREROUTING -p tcp -m tcp --dport 514 -j CT --helper rsh',
    ]);
  },
  'CT with a zone of both kinds': refuses(
    'raw',
    '-A PREROUTING -j CT --zone 1 --zone-orig 2',
    /-j CT --zone-orig 2$/,
    /"--zone" cannot be used together with "--zone-orig"/,
  ),
  'CT that names what is not there': refuses(
    'raw',
    '-A PREROUTING -p tcp -j CT --notrack --helper nosuch',
    /--notrack --helper nosuch$/,
    /No such helper "nosuch"/,
  ),
  'TCPMSS with both options': refuses(
    'mangle',
    '-A FORWARD -p tcp -m tcp --syn -j TCPMSS --set-mss 1000 --clamp-mss-to-pmtu',
    /-j TCPMSS --clamp-mss-to-pmtu$/,
    /"--set-mss" cannot be used together with "--clamp-mss-to-pmtu"/,
  ),
  'time with a day that is none': refuses(
    'filter',
    '-A FORWARD -m time --weekdays 8',
    /-m time --weekdays /,
    /8 is not a valid day specifier/,
  ),
  'recent with more hits than a byte holds': refuses(
    'filter',
    '-A FORWARD -m recent --rcheck --hitcount 300',
    /--hitcount 300/,
    /Invalid argument/,
  ),
  'a clock of its own': async () => {
    const options = [68, 8, 5, 0, 0, 0, 0, 0];
    const asked = question('', [packet(ENDS, 17, udp(ENDS, 1, 2, []).slice(20), { options })]);
    const stamp = ({ packets }: KernelAnswer): number =>
      Buffer.from(packets[0]!.out[0]!.frame, 'hex').readUInt32BE(14 + 20 + 4);
    const DAY = 86_400_000;
    const late = (Date.now() - stamp(await askKernel(asked)) + DAY) % DAY;
    assert.ok(late < 60_000 || late > DAY - 60_000, `${late} ms`);
    assert.equal(stamp(await askReplay(asked)), 1_700_000_000_000 % DAY);
  },
  "osf's log": async () => {
    const rules = table('filter', '-A FORWARD -p tcp -m osf --genre Linux --log 0');
    const asked = question(rules, [tcp(ENDS, { sport: 1, dport: 2, seq: 1, flags: 'S' })]);
    // Asked for by a rule that logs: only then are log lines read.
    const logging = { ...asked, rules: { v4: `${rules}${table('raw', '-A OUTPUT -j LOG')}` } };
    const [kernel, sluice] = [await askKernel(logging), await askReplay(logging)];
    assert.match(kernel.summary.log.join(), /^Remote OS is not known/);
    assert.deepEqual(sluice.summary.log, []);
    assert.deepEqual([countOf(kernel), countOf(sluice)], ['0', '0']);
  },
  'a blind spot of string --algo bm --icase': async () => {
    const pattern = Buffer.from(SHARP_S).toString('hex');
    const rules = table('filter', `-A FORWARD -m string --hex-string "|${pattern}|" --algo bm --icase`);
    const payload = [...SHARP_S, 0, 0, 0, 0, 0, 0];
    const asked = question(rules, [udp(ENDS, 1, 2, payload)]);
    assert.deepEqual([countOf(await askKernel(asked)), countOf(await askReplay(asked))], ['0', '1']);
  },
};

describe('deliberate differences from Linux', () => {
  it('are those of docs/differences.md', () => {
    const listed = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^- \*\*(.+?)\*\*/gm)].map(
      ([, title]) => title,
    );
    assert.deepEqual(listed, Object.keys(ITEMS));
  });

  for (const [title, show] of Object.entries(ITEMS)) {
    it(title, async function () {
      const missing = missingForKernel();
      requireOrSkip(this, `asking the kernel needs ${missing.join(', ')}`, missing.length === 0);
      await show();
    });
  }
});
