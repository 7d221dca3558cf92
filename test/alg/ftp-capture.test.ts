/**
 * FTP through a masquerading gateway, as real programs spoke it and a Linux kernel translated it (pcaps/nat-ftp-*): given
 * what arrived, both kinds of helper send what the kernel sent.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { runReplay } from '../../src/replay/replay.ts';
import { comparable, framesSent, GATEWAY } from '../pcaps/nat-answer.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const HELPER = '-A PREROUTING -i eth0 -p tcp -m tcp --dport 21 -j CT --helper ftp';

function replay(mode: string): { sent: Map<string, Buffer[]>; conntrack: readonly string[] } {
  const sent = new Map<string, Buffer[]>();
  const gateway = parse(read('examples/nat-gateway/gateway.yaml')) as object;
  const { conntrack } = runReplay(
    {
      rules: {
        text: read('examples/nat-gateway/firewall.rules').replace('COMMIT', `${HELPER}\nCOMMIT`),
        file: 'rules',
      },
      gateway: { value: { ...gateway, helpers: { mode } }, file: 'gateway' },
      inputs: Object.entries(GATEWAY).map(([iface, { side }]) => ({
        iface,
        path: join(ROOT, `pcaps/nat-ftp-${side}-in.pcap`),
      })),
    },
    {
      packet: ({ out }) => {
        for (const { iface, frame } of out) {
          sent.set(iface, [...(sent.get(iface) ?? []), Buffer.from(frame)]);
        }
      },
    },
  );
  return { sent, conntrack };
}

const entries = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/^((?:\S+ +){4})\d+ /, '$1').replace(/ use=\d+ *$/, '')).sort();

for (const mode of ['linux', 'strict']) {
  describe(`FTP through a masquerading gateway, helpers: ${mode}`, () => {
    for (const iface of ['eth0', 'eth1'] as const) {
      it(`sends on ${iface} what the kernel sent, byte for byte`, async () => {
        assert.deepEqual(comparable(replay(mode).sent.get(iface)!), await framesSent('nat-ftp', iface));
      });
    }
    it('has the connections that the kernel had', () => {
      const lines = read('pcaps/nat-ftp.conntrack').split('\n').filter(Boolean);
      assert.deepEqual(entries(replay(mode).conntrack), entries(lines));
    });
  });
}
