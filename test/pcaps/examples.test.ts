/**
 * The example rules and gateway fit the captures that were made with them, and are what Linux takes and prints.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { missingForKernel, run } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';
import { readFacts } from './capture-facts.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Each rule file with the family's programs and, where a capture was made with it, the kernel's counters afterwards. */
const RULE_FILES = [
  { file: 'examples/nat-gateway/firewall.rules', family: 'iptables', counters: 'pcaps/nat.iptables-save' },
  { file: 'examples/nat-gateway/firewall6.rules', family: 'ip6tables', counters: 'pcaps/nat.ip6tables-save' },
  { file: 'examples/host-firewall/host.rules', family: 'iptables', counters: 'pcaps/host.iptables-save' },
];

/**
 * The tables of an iptables-save text by name, without comments and counters: the kernel lists tables in the order in
 * which they came to be, so the order is no part of the form.
 */
function tables(text: string): Map<string, string[]> {
  const result = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) result.set(line, (current = []));
    else if (line !== '' && !line.startsWith('#'))
      current.push(line.replace(/^\[\d+:\d+\] /, '').replace(/ \[\d+:\d+\]$/, ''));
  }
  return result;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('examples: rules that the captures were made with', () => {
  for (const { file, family, counters } of RULE_FILES) {
    it(`${counters} counts the rules of ${file}`, () => {
      assert.deepEqual(tables(read(counters)), tables(read(file)));
    });

    it(`${file} is taken by ${family}-legacy-restore and printed alike by ${family}-legacy-save`, async function () {
      const missing = missingForKernel();
      requireOrSkip(this, `needs ${missing.join(', ')}`, missing.length === 0);
      const namespace = `sluice-examples-${process.pid}`;
      await run('ip', ['netns', 'add', namespace]);
      try {
        await run('ip', ['netns', 'exec', namespace, `${family}-legacy-restore`], read(file));
        const saved = await run('ip', ['netns', 'exec', namespace, `${family}-legacy-save`]);
        assert.deepEqual(tables(saved), tables(read(file)));
      } finally {
        await run('ip', ['netns', 'del', namespace]);
      }
    });
  }
});

describe('examples: the gateway that the captures were made at', () => {
  const gateway = parse(read('examples/nat-gateway/gateway.yaml')) as {
    interfaces: Record<string, { mac: string; mtu: number }>;
    neighbours: { mac: string }[];
  };
  const framesOf = async (name: string): Promise<readonly Buffer[]> =>
    (await readFacts(join(ROOT, 'pcaps', name))).frames;
  const address = (frame: Buffer, offset: number): string =>
    (frame.toString('hex', offset, offset + 6).match(/../g) ?? []).join(':');

  for (const [side, iface] of [
    ['lan', 'eth0'],
    ['wan', 'eth1'],
  ] as const) {
    it(`nat-${side}-in.pcap is nat-${side}.pcap without the frames that ${iface} sent`, async () => {
      const { mac } = gateway.interfaces[iface]!;
      const arriving = (await framesOf(`nat-${side}.pcap`)).filter((frame) => address(frame, 6) !== mac);
      assert.deepEqual(await framesOf(`nat-${side}-in.pcap`), arriving);
    });

    it(`frames on ${iface} are to or from its address, its neighbours or a group, and within its MTU`, async () => {
      const { mac, mtu } = gateway.interfaces[iface]!;
      const known = new Set([mac, ...gateway.neighbours.map((neighbour) => neighbour.mac)]);
      for (const frame of await framesOf(`nat-${side}.pcap`)) {
        assert.ok(known.has(address(frame, 6)));
        assert.ok(known.has(address(frame, 0)) || (frame.readUInt8(0) & 1) === 1);
        assert.ok(frame.length <= 14 + mtu);
      }
    });
  }
});
