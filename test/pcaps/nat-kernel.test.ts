/**
 * The captures at both sides of the gateway hold together: what arrived, given to the running kernel with the example's
 * rules, makes it send, count and log what the captures and the files beside them say.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askKernel, type KernelAnswer } from '../../src/conform/kernel/ask.ts';
import { readQuestion } from '../../src/conform/question.ts';
import { missingForKernel } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';
import { comparable, framesSent, GATEWAY } from './nat-answer.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/nat-gateway');
const FTP_HELPER = '-A PREROUTING -i eth0 -p tcp -m tcp --dport 21 -j CT --helper ftp';

function ask(traffic: string, editRules: (rules: string) => string): Promise<KernelAnswer> {
  const kernelCase = readQuestion({
    rules: join(EXAMPLE, 'firewall.rules'),
    rules6: join(EXAMPLE, 'firewall6.rules'),
    gateway: join(EXAMPLE, 'gateway.yaml'),
    inputs: Object.entries(GATEWAY).map(([iface, { side }]) => ({
      iface,
      path: join(ROOT, `pcaps/${traffic}-${side}-in.pcap`),
    })),
  });
  return askKernel({ ...kernelCase, rules: { ...kernelCase.rules, v4: editRules(kernelCase.rules.v4!) } });
}

const sentIn = (answer: KernelAnswer, iface: string): string[] =>
  comparable(
    answer.packets
      .flatMap(({ out }) => out)
      .filter((emitted) => emitted.iface === iface)
      .map(({ frame }) => Buffer.from(frame, 'hex')),
  );

/** conntrack's lines without the seconds left; the kernel lists connections in the order of a secret hash. */
const connections = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/^((?:\S+ +){4})\d+ /, '$1').replace(/ use=\d+ *$/, '')).sort();

const linesOf = (file: string): string[] =>
  readFileSync(join(ROOT, 'pcaps', file), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

for (const { traffic, editRules } of [
  { traffic: 'nat', editRules: (rules: string) => rules },
  {
    traffic: 'nat-ftp',
    editRules: (rules: string) => rules.replace('COMMIT', `${FTP_HELPER}\nCOMMIT`), // the first table is raw
  },
]) {
  describe(`pcaps: ${traffic}-lan and ${traffic}-wan against the running kernel`, () => {
    let answer: KernelAnswer;

    before(async function () {
      const missing = missingForKernel();
      requireOrSkip(this, `needs ${missing.join(', ')}`, missing.length === 0);
      answer = await ask(traffic, editRules);
    });

    for (const iface of ['eth0', 'eth1'] as const) {
      it(`it sends on ${iface} the frames of the capture, byte for byte`, async () => {
        assert.deepEqual(sentIn(answer, iface), await framesSent(traffic, iface));
      });
    }

    it('it has the connections of the file beside the captures', () => {
      assert.deepEqual(connections(answer.summary.conntrack), connections(linesOf(`${traffic}.conntrack`)));
    });

    if (traffic === 'nat') {
      it('it counts packets and bytes of every IPv4 rule, and logs, as the files say', () => {
        const tables = (lines: string[]): string[] => lines.filter((line) => !line.startsWith('*')).sort();
        assert.deepEqual(
          tables(answer.summary.tables.v4.split('\n')).filter(Boolean),
          tables(linesOf('nat.iptables-save')),
        );
        assert.deepEqual(answer.summary.log, linesOf('nat.log'));
      });
    }
  });
}
