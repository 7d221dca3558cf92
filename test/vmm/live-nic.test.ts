/** An interface of this machine as a port: the kernel on the other end of a veth pair is the guest. Needs root, and the package. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { createNetwork, parseAttachment } from '../../src/vmm/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';

const run = promisify(execFile);

function hasPackage(): boolean {
  try {
    createRequire(import.meta.url)('cap');
    return true;
  } catch {
    return false;
  }
}

describe('a live interface', function () {
  this.timeout(60_000);

  it('is written live:DEVICE', () => {
    assert.deepEqual(parseAttachment('live:eth1'), { kind: 'live', device: 'eth1' });
    assert.throws(() => parseAttachment('live:'), RangeError);
    assert.throws(() => parseAttachment('live:a b'), RangeError);
  });

  it('that there is not, or without the package, is an error that says so', async () => {
    const said = hasPackage() ? /^live:nosuch: / : /npm install cap/;
    await assert.rejects(createNetwork({ guests: { wire: 'live:nosuch' } }), (error: Error) =>
      said.test(error.message),
    );
  });

  describe('that is there', () => {
    const [here, there] = ['here', 'there'].map((end) => `sluice-${end}-${process.pid}`) as [string, string];
    const inside = async (...words: string[]) => (await run('ip', ['netns', 'exec', there, ...words])).stdout;
    let child: ChildProcess | undefined;

    before(async function () {
      // Where it cannot be built, CI says so itself.
      if (process.env['SLUICE_WITHOUT_CAP'] === '1') this.skip();
      requireOrSkip(this, 'needs the package cap', hasPackage());
      requireOrSkip(this, 'needs root', process.getuid?.() === 0);
      for (const program of ['ip', 'ping']) requireOrSkip(this, `needs ${program}`, hasProgram(program));
      for (const name of [here, there]) execFileSync('ip', ['netns', 'add', name]);
      const pair = ['link', 'add', 'eth1', 'netns', here, 'type', 'veth', 'peer', 'eth0', 'netns', there];
      execFileSync('ip', pair);
      execFileSync('ip', ['-n', here, 'link', 'set', 'eth1', 'up']);
      execFileSync('ip', ['-n', there, 'link', 'set', 'eth0', 'up']);
      const program = [
        process.execPath,
        'bin/sluice.js',
        'net',
        'up',
        '--guest',
        'wire=live:eth1',
        '--mtu',
        '1500',
      ];
      child = spawn('ip', ['netns', 'exec', here, ...program, '--socket', `/tmp/${here}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      while (!/connected/.test(said)) said += String((await once(child.stdout!, 'data'))[0]);
    });

    after(async () => {
      if (child !== undefined) {
        const ended = once(child, 'exit');
        child.kill();
        await ended;
      }
      for (const name of [here, there]) spawnSync('ip', ['netns', 'del', name]);
    });

    it('has whoever is on its wire on the network', async () => {
      await inside('ip', 'addr', 'add', '192.168.122.5/24', 'dev', 'eth0');
      assert.match(await inside('ping', '-c', '1', '-W', '10', '192.168.122.1'), / 0% packet loss/);
    });
  });
});
