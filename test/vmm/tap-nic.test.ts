/** A network namespace as a guest, by a TAP device in it: the kernel's own stack is at the other end. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { createNetwork, parseAttachment, type RunningNetwork } from '../../src/vmm/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';

const run = promisify(execFile);

describe('a TAP device', function () {
  this.timeout(60_000);
  const namespace = `sluice-tap-${process.pid}`;
  const inside = async (...words: string[]) =>
    (await run('ip', ['netns', 'exec', namespace, ...words])).stdout;
  const server = createServer((request, response) => response.end(`you asked for ${request.url}`));
  let network: RunningNetwork | undefined;

  before(async function () {
    requireOrSkip(this, 'needs root', process.getuid?.() === 0);
    for (const program of ['ip', 'curl', 'ping'])
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    execFileSync('ip', ['netns', 'add', namespace]);
  });

  after(async () => {
    await network?.close();
    server.close();
    spawnSync('ip', ['netns', 'del', namespace]);
  });

  it('has a namespace of the kernel on the network, and goes when that ends', async () => {
    network = await createNetwork({ guests: { box: `tap:eth0@/run/netns/${namespace}` } });
    await inside('ip', 'link', 'set', 'eth0', 'mtu', '65520', 'up');
    await inside('ip', 'addr', 'add', '192.168.122.5/24', 'dev', 'eth0');
    await inside('ip', 'route', 'add', 'default', 'via', '192.168.122.1');
    assert.match(await inside('ping', '-c', '1', '-W', '10', '192.168.122.1'), / 0% packet loss/);
    const { port } = server.address() as AddressInfo;
    assert.equal(await inside('curl', '-s', `http://100.64.0.2:${port}/x`), 'you asked for /x');
    await network.close();
    network = undefined;
    await assert.rejects(inside('ip', 'link', 'show', 'eth0'));
  });

  it('that cannot be made is an error with the reason', async () => {
    await assert.rejects(
      createNetwork({ guests: { box: 'tap:eth0@/nonexistent' } }),
      /tap:eth0: No such file/,
    );
    await assert.rejects(createNetwork({ guests: { box: 'tap:lo' } }), /tap:lo: /);
    assert.throws(() => parseAttachment('tap:a name'), RangeError);
  });
});
