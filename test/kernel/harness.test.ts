import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { requireOrSkip } from '../support/require.ts';
import { askKernel, type KernelCase } from '../../src/conform/kernel/ask.ts';
import { caseNames, loadCase, recordedAnswer } from './cases.ts';
import { assertSame } from './conformance.ts';
import { ethernet, text, udp } from '../../src/conform/frames.ts';
import { MAC, TimeLine } from './flow.ts';
import { KernelSession } from '../../src/conform/kernel/session.ts';
import { missingForKernel, namedNamespaces } from '../../src/conform/kernel/system.ts';

const SESSION = fileURLToPath(new URL('../../src/conform/kernel/session.ts', import.meta.url));

function namespacesOf(pid: number): string[] {
  return namedNamespaces().filter((name) => name.includes(`oracle-${pid}-`));
}

describe('the kernel harness, asking the running kernel', () => {
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `asking the kernel needs ${missing.join(', ')}`, missing.length === 0);
  });

  const small: KernelCase = {
    gateway: {
      interfaces: { eth0: { mac: MAC.eth0, addresses: ['10.0.0.1/24'] }, eth1: { mac: MAC.eth1 } },
      neighbours: [{ dev: 'eth1', ip: '192.0.2.1', mac: MAC.outside }],
      routes: [{ to: '192.0.2.0/24', dev: 'eth1' }],
    },
    rules: { v4: '*filter\n-A FORWARD -p udp -j LOG --log-prefix "small: "\nCOMMIT\n' },
    input: new TimeLine()
      .inside(udp({ from: '10.0.0.2', to: '192.0.2.1' }, 1, 2, text('hello')))
      .frame('eth0', new Uint8Array(5)).steps,
  };

  for (const name of caseNames()) {
    it(`${name}: two runs of the kernel agree with each other, and with the recorded answer`, async () => {
      const question = await loadCase(name);
      const [first, second] = [await askKernel(question), await askKernel(question)];
      assertSame(question, first, second, { left: 'first', right: 'second' });
      assertSame(question, recordedAnswer(name), first, { left: 'recorded', right: 'kernel' });
    });
  }

  it('answers with the forwarded frame, byte by byte, the log line and the counters', async () => {
    const { packets, summary } = await askKernel(small);
    const forwarded = udp({ from: '10.0.0.2', to: '192.0.2.1' }, 1, 2, text('hello'), { ttl: 63 });
    const frame = Buffer.from(ethernet(MAC.outside, MAC.eth1, forwarded)).toString('hex');
    assert.deepEqual(packets[0]?.out, [{ iface: 'eth1', frame }]);
    assert.equal(summary.log.length, 1);
    assert.match(
      summary.log[0] ?? '',
      /^small: IN=eth0 OUT=eth1 MAC=\S+ SRC=10\.0\.0\.2 DST=192\.0\.2\.1 LEN=33 /,
    );
    assert.match(summary.tables.v4, /^\[1:33\] -A FORWARD -p udp -j LOG --log-prefix "small: "$/m);
    assert.equal(summary.tables.v6, '');
  });

  it('names a frame that cannot be put on the wire, and goes on', async () => {
    const { packets } = await askKernel(small);
    assert.deepEqual(packets[1]?.out, []);
    assert.equal(packets[1]?.error, 'Invalid argument');
  });

  it('lets sessions look at connections between two pushes, and change the rules', async () => {
    const rules = { v4: '*filter\n-A FORWARD -m conntrack --ctstate NEW\nCOMMIT\n' };
    const session = await KernelSession.open(small.gateway, rules, false);
    try {
      await session.push(small.input.slice(0, 1));
      assert.match(await session.run('conntrack -L 2>/dev/null'), /^udp .*src=10\.0\.0\.2 .*\[UNREPLIED\]/);
      await session.load({ v4: '*filter\n-A FORWARD -j DROP\nCOMMIT\n' });
      const [answer] = await session.push(small.input.slice(0, 1));
      assert.deepEqual(answer?.out, []);
    } finally {
      session.close();
    }
  });

  it('refuses rules that iptables refuses, in its words, and leaves no namespaces', async () => {
    const broken = { ...small, rules: { v4: '*filter\n-A FORWARD -j NOSUCH\nCOMMIT\n' } };
    await assert.rejects(askKernel(broken), /NOSUCH[^]*line: 2/);
    assert.deepEqual(namespacesOf(process.pid), []);
  });

  it('refuses frames for an interface that the gateway does not have', async () => {
    const input = [{ iface: 'eth7', time: 0, frame: new Uint8Array(60) }];
    await assert.rejects(askKernel({ ...small, input }), /no interface "eth7"/);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`leaves no namespaces when interrupted by ${signal}`, async () => {
      const script =
        `const { KernelSession } = await import(${JSON.stringify(SESSION)});` +
        `await KernelSession.open({ interfaces: { eth0: {} } }, {}, false); console.log('open'); setInterval(() => 0, 1000);`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      assert.equal(namespacesOf(child.pid!).length, 2);
      child.kill(signal);
      const [, by] = await new Promise<[number | null, string | null]>((resolve) =>
        child.once('close', (code, name) => resolve([code, name])),
      );
      assert.equal(by, signal);
      assert.deepEqual(namespacesOf(child.pid!), []);
    });
  }
});
