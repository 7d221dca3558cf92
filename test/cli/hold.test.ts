import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SLUICE = 'bin/sluice.js';
const REPLAY = [
  ...['replay', '--in', 'eth0=pcaps/nat-lan-in.pcap', 'eth1=pcaps/nat-wan-in.pcap', '--quiet'],
  ...['--rules', 'examples/nat-gateway/firewall.rules', '--gateway', 'examples/nat-gateway/gateway.yaml'],
];

describe('sluice replay --hold', () => {
  let folder: string;
  let process: ChildProcess | null = null;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'sluice-hold-'))));
  after(() => {
    process?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('keeps the gateway for other programs until a signal ends it, and takes its socket along', async () => {
    const socket = join(folder, 'socket');
    const held = spawn('node', [SLUICE, ...REPLAY, '--hold', '--socket', socket], { stdio: 'pipe' });
    process = held;
    let said = '';
    held.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    while (!said.includes('is held')) await once(held.stderr, 'data');
    const iptables = (...words: string[]) =>
      execFileSync('node', [SLUICE, 'iptables', '--socket', socket, ...words], { encoding: 'utf8' });
    assert.match(iptables('-nvL', 'FORWARD', '1'), /^ +34 11234 ACCEPT /);
    iptables('-I', 'FORWARD', '-j', 'DROP');
    assert.equal(iptables('-S', 'FORWARD', '1'), '-A FORWARD -j DROP\n');
    held.kill('SIGINT');
    const [status] = (await once(held, 'exit')) as [number | null];
    assert.equal(status, 0);
    assert.equal(existsSync(socket), false);
  });

  it('wants a socket, and one that it can have, before it replays anything', () => {
    const run = (...words: string[]) =>
      spawnSync('node', [SLUICE, ...REPLAY, ...words], { encoding: 'utf8' });
    const without = run('--hold');
    assert.equal(without.status, 2);
    assert.match(without.stderr, /--hold and --socket need each other/);
    const file = run('--hold', '--socket', 'package.json');
    assert.deepEqual(
      [file.status, file.stderr],
      [2, 'sluice: package.json: this is there already, and is no socket\n'],
    );
  });
});
