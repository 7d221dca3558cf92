import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BIN = join(ROOT, 'bin/sluice.js');
const RULES = 'examples/nat-gateway/firewall.rules';
const HTTP = ['replay', 'pcaps/http.pcap', '--inside', '10.254.0.0/24', '--rules', RULES];

function sluice(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: '', FORCE_COLOR: '' },
  });
  return { status, stdout, stderr };
}

interface Line {
  readonly type: string;
  readonly [key: string]: unknown;
}

function jsonLines(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('the program (npm run build makes it)', function () {
  this.timeout(60_000);
  let folder: string;
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('names addresses in a listing, asking the resolver, as iptables does', () => {
    const state = join(folder, 'state');
    const iptables = (...args: string[]) => sluice('iptables', '--state', state, ...args);
    assert.deepEqual(iptables('-A', 'INPUT', '-s', '127.0.0.1', '-j', 'DROP'), {
      status: 0,
      stdout: '',
      stderr: '',
    });
    const { status, stdout, stderr } = iptables('-L', 'INPUT');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^DROP +all +-- +(localhost|127\.0\.0\.1) /m);
  });

  it('prints its version, that of package.json', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    assert.deepEqual(sluice('--version'), { status: 0, stdout: `sluice ${version}\n`, stderr: '' });
  });

  it('prints help where it is asked for, and on standard error where nothing is', () => {
    assert.equal(sluice('--help').status, 0);
    assert.match(sluice('help', 'replay').stdout, /^Usage: sluice replay /);
    const nothing = sluice();
    assert.equal(nothing.status, 2);
    assert.equal(nothing.stdout, '');
    assert.match(nothing.stderr, /^Usage: sluice COMMAND/);
  });

  const usage: readonly (readonly [args: string[], message: string])[] = [
    [['repaly'], "sluice: unknown command 'repaly' (Did you mean replay?)\nTry 'sluice --help'.\n"],
    [
      ['replay', '--rulez', 'x'],
      "sluice: unknown option '--rulez' (Did you mean --rules?)\nTry 'sluice replay --help'.\n",
    ],
    [
      ['replay', 'a.pcap'],
      "sluice: no rules given: --rules FILE, or --rules6 FILE\nTry 'sluice replay --help'.\n",
    ],
    [['replay', '--rules', RULES], "sluice: no capture given\nTry 'sluice replay --help'.\n"],
    [
      ['replay', '--in', 'eth0', '--rules', RULES],
      'sluice: --in takes IFACE=CAPTURE, not "eth0"\nTry \'sluice replay --help\'.\n',
    ],
    [
      [...HTTP, '--syslog', 'kern.loud=x'],
      'sluice: syslog selector "kern.loud": no such priority: "loud"\nTry \'sluice replay --help\'.\n',
    ],
    [
      [...HTTP, '--json', '-o', '-'],
      "sluice: --json and -o - both want standard output\nTry 'sluice replay --help'.\n",
    ],
    [
      ['replay', '-', '--rules', '-'],
      "sluice: standard input (-) can be read only once\nTry 'sluice replay --help'.\n",
    ],
  ];
  for (const [args, message] of usage) {
    it(`refuses "${args.join(' ')}" with status 2`, () => {
      assert.deepEqual(sluice(...args), { status: 2, stdout: '', stderr: message });
    });
  }

  it('names file and line of a rule that is wrong, and reports nothing', () => {
    const lines = readFileSync(join(ROOT, RULES), 'utf8').split('\n');
    lines[41] = '-A FORWARD --no-such-option -j ACCEPT';
    const path = file('wrong.rules', lines.join('\n'));
    const { status, stdout, stderr } = sluice('replay', 'pcaps/http.pcap', '--rules', path);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.ok(stderr.startsWith(`sluice: ${path}:42`), stderr);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });

  it('names file and line of a mistake in the gateway', () => {
    const path = file('gw.yaml', 'interfaces:\n  eth0:\n    mtu: 12\n');
    const { status, stderr } = sluice(...HTTP, '--gateway', path);
    assert.equal(status, 2);
    assert.ok(stderr.startsWith(`sluice: ${path}:3: interfaces.eth0.mtu: `), stderr);
  });

  it('says which file can not be read, and why', () => {
    const missing = join(folder, 'missing');
    assert.equal(
      sluice('replay', missing, '--rules', RULES).stderr,
      `sluice: ${missing}: no such file or directory\n`,
    );
    assert.equal(
      sluice('replay', 'pcaps/http.pcap', '--rules', missing).stderr,
      `sluice: ${missing}: no such file or directory\n`,
    );
    assert.equal(sluice('replay', RULES, '--rules', RULES).status, 2);
    assert.equal(sluice('replay', ROOT, '--rules', RULES).stderr, `sluice: ${ROOT}: is a directory\n`);
    assert.equal(sluice(...HTTP, '-o', join(missing, 'x')).status, 2);
  });

  it('reports everything before a cut, then says where it is and ends with 3', () => {
    const whole = readFileSync(join(ROOT, 'pcaps/http.pcap'));
    const path = file('cut.pcap', whole.subarray(0, whole.length - 10));
    const args = ['replay', path, '--inside', '10.254.0.0/24', '--rules', RULES];
    const { status, stdout, stderr } = sluice(...args, '--json');
    assert.equal(status, 3);
    assert.match(stderr, /^sluice: .*cut\.pcap: byte \d+: [^\n]*\n$/);
    const lines = jsonLines(stdout);
    assert.equal(lines.filter(({ type }) => type === 'packet').length, 41);
    assert.equal((lines.at(-1)!['truncated'] as unknown[]).length, 1);
    const text = sluice(...args);
    assert.equal(text.status, 3);
    assert.match(text.stdout, /41 packets/);
  });

  it('writes one line of JSON a packet, in order, and a summary, the same every time', () => {
    const { status, stdout, stderr } = sluice(...HTTP, '--json');
    assert.deepEqual([status, stderr], [0, '']);
    const lines = jsonLines(stdout);
    const packets = lines.filter(({ type }) => type === 'packet');
    assert.deepEqual(
      packets.map(({ n }) => n),
      packets.map((_, i) => i + 1),
    );
    assert.ok(packets.some(({ trace }) => (trace as unknown[]).length > 3));
    assert.equal(lines.at(-1)!.type, 'summary');
    assert.match((lines.at(-1)!['tables'] as { v4: string }).v4, /^\*filter\n/);
    assert.equal(sluice(...HTTP, '--json', '--seed', '1').stdout, stdout);
    assert.ok(sluice(...HTTP, '--json', '--no-trace').stdout.length < stdout.length);
  });

  it('shows what it is asked to show', () => {
    const full = sluice(...HTTP).stdout;
    assert.match(full, /^time .*\n08:06:19\.869344 .*\n[^]*\n\n42 packets, [^]*Rules hit[^]*Rules never hit/);
    assert.match(sluice(...HTTP, '--summary').stdout, /^42 packets/);
    assert.equal(sluice(...HTTP, '-q').stdout, '');
    assert.match(sluice(...HTTP, '--only-dropped').stdout, /^\n42 packets/);
    assert.match(sluice(...HTTP, '--trace', '--width', '120').stdout, /\n {19}filter:FORWARD:rule:4 {2}/);
    assert.match(sluice(...HTTP, '--time', 'relative').stdout, /\n {4}0\.000000 {2}/);
    assert.equal(jsonLines(sluice(...HTTP, '--summary', '--json').stdout).length, 1);
    assert.ok(sluice(...HTTP, '--color', 'always').stdout.includes('\u001b[32m'));
    assert.ok(!full.includes('\u001b'));
  });

  it('writes a capture and log files beside the report', () => {
    const capture = join(folder, 'out.pcapng');
    const logs = [join(folder, 'all.log'), join(folder, 'info.log'), join(folder, 'warning.log')];
    const { status, stderr } = sluice(
      ...[
        'replay',
        '--in',
        'eth0=pcaps/nat-lan-in.pcap',
        'eth1=pcaps/nat-wan-in.pcap',
        '--rules',
        RULES,
        '-q',
      ],
      ...[
        '--rules6',
        'examples/nat-gateway/firewall6.rules',
        '--gateway',
        'examples/nat-gateway/gateway.yaml',
      ],
      ...['-o', capture, '--syslog', logs[0]!, '--syslog', `kern.=info=${logs[1]!}`],
      ...['--syslog', `kern.warning=${logs[2]!}`],
    );
    assert.deepEqual([status, stderr], [0, '']);
    const [all, info, warning] = logs.map((path) => readFileSync(path, 'utf8'));
    assert.match(
      all!,
      /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d gateway kernel: \[ +\d+\.\d{6}\] refused: IN=eth1 OUT= MAC=/,
    );
    // The rules log with --log-level 6.
    assert.equal(info, all);
    assert.equal(warning, '');
    assert.ok(statSync(capture).size > 1000);
  });

  it('puts the capture on standard output when asked to, and nothing else there', () => {
    const { status, stdout } = spawnSync(process.execPath, [BIN, ...HTTP, '-o', '-'], { cwd: ROOT });
    assert.equal(status, 0);
    assert.equal(stdout.readUInt32LE(0), 0x0a0d0d0a);
    assert.equal(stdout.includes('42 packets'), false);
  });

  it('is quiet when whoever reads its output goes away', async () => {
    const big = file('big.pcap', repeated(readFileSync(join(ROOT, 'pcaps/http.pcap')), 60));
    for (const option of ['--json', '--trace', '-o-']) {
      const child = spawn(
        process.execPath,
        [BIN, 'replay', big, '--inside', '10.254.0.0/24', '--rules', RULES, option],
        { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let complaints = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
      child.stdout.once('data', () => child.stdout.destroy());
      const status = await new Promise((resolve) => child.on('close', resolve));
      assert.deepEqual([status, complaints], [141, ''], option);
    }
  });

  it('reads rules and captures from standard input', () => {
    const run = (args: string[], input: Buffer) =>
      spawnSync(process.execPath, [BIN, ...args, '--summary'], { cwd: ROOT, input, encoding: 'utf8' });
    const capture = readFileSync(join(ROOT, 'pcaps/http.pcap'));
    const fromPipe = run(['replay', '-', '--inside', '10.254.0.0/24', '--rules', RULES], capture);
    assert.equal(fromPipe.stderr, '');
    assert.match(fromPipe.stdout, /^42 packets/);
    // Looked at for its sides first, then read.
    const looked = run(['replay', '-', '--rules', RULES], capture);
    const named = run(['replay', 'pcaps/http.pcap', '--rules', RULES], Buffer.alloc(0));
    assert.equal(looked.stdout, named.stdout);
    const onHost = ['--host', '10.254.0.2', '--rules', RULES];
    assert.equal(
      run(['replay', '-', ...onHost], capture).stdout,
      run(['replay', 'pcaps/http.pcap', ...onHost], Buffer.alloc(0)).stdout,
    );
    const rules = readFileSync(join(ROOT, RULES));
    assert.match(run(['replay', 'pcaps/http.pcap', '--rules', '-'], rules).stdout, /standard input:\d+/);
  });

  it('answers --version without loading anything else', () => {
    const { stderr } = spawnSync(process.execPath, ['--trace-deprecation', BIN, '--version'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_DEBUG: 'esm' },
    });
    const loaded = [...stderr.matchAll(/dist\/[\w/-]+\.js/g)].map(([path]) => path);
    // By its name it may be another program.
    for (const path of loaded) assert.match(path, /^dist\/(cli|chunks)\/(main|names)\.js$/);
  });
});

/** The records of a capture, several times over. */
function repeated(capture: Buffer, times: number): Buffer {
  const header = 24;
  return Buffer.concat([capture, ...Array<Buffer>(times - 1).fill(capture.subarray(header))]);
}
