/** `sluice net` as people type it: a network from a file, and what it is told while it runs. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = 'bin/sluice.js';
const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';

describe('sluice net', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-net-'));
  const control = join(folder, 'control.sock');
  let network: ChildProcess;
  let said = '';

  const net = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [PROGRAM, 'net', ...args, '--socket', control],
      { encoding: 'utf8' },
    );
    return { status, stdout, stderr };
  };

  before(async () => {
    const file = join(folder, 'network.yaml');
    writeFileSync(
      file,
      `guests:\n  web: { socket: ${folder}/web.sock, mac: "02:00:00:00:00:11", ip: 192.168.122.11 }\nforwards: [0=web:80]\nlog: ${folder}/audit.jsonl\n`,
    );
    network = spawn(process.execPath, [PROGRAM, 'net', 'up', file, '--socket', control], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    network.stdout!.on('data', (chunk) => (said += String(chunk)));
    while (!said.includes(`control ${control}`)) await new Promise((done) => setTimeout(done, 50));
  });

  after(async () => {
    const ended = new Promise((done) => network.once('exit', done));
    network.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true });
  });

  it('says what to add to the command line of QEMU', () => {
    assert.match(
      said,
      /^web: qemu-system-x86_64 … -netdev stream,id=web,.*web\.sock .*mac=02:00:00:00:00:11$/m,
    );
    assert.match(said, /^forward tcp\/127\.0\.0\.1:\d+=web:80$/m);
    assert.equal(existsSync(join(folder, 'web.sock')), true);
  });

  it('tells how it is, for people and for programs', () => {
    assert.match(net('status').stdout, /^web: not there, unix:.*\n[^]*0 connections tracked\n$/);
    const status = JSON.parse(net('status', '--json').stdout) as { guests: { name: string }[] };
    assert.deepEqual(
      status.guests.map(({ name }) => name),
      ['web'],
    );
  });

  it('shows and changes rules, and the programs for rules act on it too', () => {
    const rules = join(folder, 'rules');
    writeFileSync(rules, RULES);
    assert.deepEqual(net('rules', rules), { status: 0, stdout: '', stderr: '' });
    assert.match(net('rules').stdout, /^:FORWARD DROP \[0:0\]$/m);
    const { stdout } = spawnSync(
      process.execPath,
      [PROGRAM, 'iptables', '--socket', control, '-S', 'FORWARD'],
      { encoding: 'utf8' },
    );
    assert.equal(stdout, '-P FORWARD DROP\n');
    writeFileSync(rules, RULES.replace('COMMIT', '-A FORWARD -j NOWHERE\nCOMMIT'));
    assert.notEqual(net('rules', rules).status, 0);
    assert.match(net('rules').stdout, /^:FORWARD DROP \[0:0\]$/m);
  });

  it('leads ports to guests, and ends that again', () => {
    const added = net('forward', 'add', 'udp/127.0.0.1:0=web:53').stdout.trim();
    assert.match(added, /^udp\/127\.0\.0\.1:\d+=web:53$/);
    assert.ok(net('forward').stdout.includes(added));
    assert.equal(net('forward', 'remove', added).status, 0);
    assert.equal(net('forward').stdout.includes(added), false);
    const wrong = net('forward', 'remove', added);
    assert.deepEqual([wrong.status, wrong.stderr], [2, `sluice: forward: there is no ${added}\n`]);
  });

  it('captures what guests send and get', async () => {
    const file = join(folder, 'frames.pcap');
    const capture = spawn(process.execPath, [PROGRAM, 'net', 'capture', file, 'web', '--socket', control], {
      stdio: 'inherit',
    });
    const ended = new Promise((done) => capture.once('exit', done));
    while (!existsSync(file)) await new Promise((done) => setTimeout(done, 50));
    capture.kill('SIGINT');
    await ended;
    assert.equal(readFileSync(file).readUInt32LE(0), 0xa1b2c3d4);
  });

  it('refuses what it does not know, and a file that is wrong', () => {
    assert.equal(net('dance').status, 2);
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'guests:\n  web: { socket: x, rate: fast }\n');
    assert.deepEqual(net('up', file), {
      status: 2,
      stdout: '',
      stderr: `sluice: ${file}:2: guests.web.rate: "fast" is not a rate, such as 10mbit\n`,
    });
  });
});
