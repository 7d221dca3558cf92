import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingForKernel, namedNamespaces } from '../../src/conform/kernel/system.ts';
import { requireOrSkip } from '../support/require.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BIN = join(ROOT, 'bin/sluice.js');
const NAT = [
  ...['conform', '--in', 'eth0=pcaps/nat-lan-in.pcap', 'eth1=pcaps/nat-wan-in.pcap'],
  ...['--rules', 'examples/nat-gateway/firewall.rules', '--rules6', 'examples/nat-gateway/firewall6.rules'],
  ...['--gateway', 'examples/nat-gateway/gateway.yaml'],
];

function sluice(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

describe('sluice conform, without the kernel', function () {
  this.timeout(60_000);
  const refused = (words: string, message: RegExp): void => {
    const { status, stdout, stderr } = sluice(['conform', ...words.split(' ')]);
    assert.deepEqual([status, stdout], [2, ''], words);
    assert.match(stderr, message);
  };

  it('refuses options that do not go together, each by name', () => {
    refused('--random --rules r4', /^sluice: --random and --rules exclude each other\n/);
    refused('--random --ask', /--random and --ask exclude each other/);
    refused('--seed 3 pcaps/dns.pcap', /--seed is for --random/);
    refused('pcaps/dns.pcap', /no rules given: --rules FILE, or --rules6 FILE/);
    refused('--random pcaps', /--random takes captures, not folders/);
    refused('--record pcaps/dns.pcap', /--record takes folders of cases/);
    refused('eth0=pcaps/dns.pcap', /--in eth0=pcaps\/dns\.pcap may be meant/);
    refused('--rules r4', /no capture given, and not --random/);
  });
});

describe('sluice conform, beside the running kernel', function () {
  this.timeout(120_000);
  let folder: string;
  before(function () {
    const missing = missingForKernel();
    requireOrSkip(this, `needs ${missing.join(', ')}`, missing.length === 0);
    folder = mkdtempSync(join(tmpdir(), 'sluice-conform-test-'));
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it('finds no difference over the captures of a gateway of ours, and says how much it looked at', () => {
    assert.deepEqual(sluice(NAT), { status: 0, stdout: 'cases 1, packets 94, differences 0\n', stderr: '' });
  });

  it('takes a capture of both directions, the gateway between them named as the rules name it', () => {
    const rules = join(folder, 'names.rules');
    writeFileSync(
      rules,
      '*nat\n-A POSTROUTING -o wan7 -j MASQUERADE\nCOMMIT\n*filter\n-A FORWARD -i lan7\nCOMMIT\n',
    );
    const { status, stdout } = sluice(['conform', '--ask', 'pcaps/dns.pcap', '--rules', rules]);
    assert.equal(status, 0);
    assert.match(stdout, /"iface":"wan7"/);
    assert.match(stdout, /\[8:\d+\] -A POSTROUTING -o wan7 -j MASQUERADE/);
    assert.match(sluice(['conform', 'pcaps/dns.pcap', '--rules', rules]).stdout, /differences 0\n$/);
  });

  it('tells of random cases one by one as JSON, with a summary that names the kernel', () => {
    const { status, stdout } = sluice(
      'conform --random --cases 3 --seed 7 --packets 20 --json pcaps/http.pcap'.split(' '),
    );
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(status, 0);
    assert.deepEqual(
      lines.map(({ type }) => type),
      ['case', 'case', 'case', 'summary'],
    );
    assert.deepEqual(
      lines
        .slice(0, 3)
        .map(({ name }) => name)
        .sort(),
      ['seed 7, http.pcap', 'seed 8, http.pcap', 'seed 9, http.pcap'],
    );
    assert.match(String(lines[3]!['kernel']), /^Linux \d/);
  });

  it('ends after the time given', () => {
    const { status, stdout } = sluice(['conform', '--random', '--for', '1s', 'pcaps/dns.pcap']);
    assert.equal(status, 0);
    assert.match(stdout, /^cases [1-9]\d*, packets/);
  });

  it('names a file with rules that iptables refuses', () => {
    const rules = join(folder, 'broken.rules');
    writeFileSync(rules, '*filter\n-A FORWARD -j NOSUCH\nCOMMIT\n');
    const { status, stdout, stderr } = sluice(['conform', 'pcaps/dns.pcap', '--rules', rules]);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /NOSUCH/);
  });

  it('runs cases from folders and records them again', () => {
    const kept = join(folder, 'case');
    spawnSync('cp', ['-r', join(ROOT, 'test/kernel/cases/notrack-alone'), kept]);
    rmSync(join(kept, 'kernel.jsonl'));
    assert.match(sluice(['conform', '--record', kept]).stdout, /packets 1\n$/);
    assert.match(readFileSync(join(kept, 'kernel.jsonl'), 'utf8'), /"kernel":"Linux \d/);
    assert.equal(sluice(['conform', kept]).stdout, 'cases 1, packets 1, differences 0\n');
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`interrupted by ${signal}, prints the summary and leaves no namespaces`, async () => {
      const words = ['conform', '--random', '--for', '1h', '--json', '--packets', '10', '-j', '2'];
      const child = spawn(process.execPath, [BIN, ...words], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      const first = new Promise((resolve) => child.stdout.once('data', resolve));
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      await first;
      child.kill(signal);
      const ended = await new Promise((resolve) => child.once('close', (_code, by) => resolve(by)));
      assert.equal(ended, signal);
      assert.match(output, /\{"type":"summary","cases":[1-9].*\}\n$/);
      assert.deepEqual(
        namedNamespaces().filter((name) => name.includes(`-${child.pid}-`)),
        [],
      );
    });
  }
});
