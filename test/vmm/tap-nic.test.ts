/** A network namespace as a guest, by a TAP device in it: the kernel's own stack is at the other end. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createNetwork, parseAttachment, TapNic, type RunningNetwork } from '../../src/vmm/index.ts';
import { formatMac } from '../../src/wire/address.ts';
import { data, ethernet, frame } from '../../src/wire/build.ts';
import { bytesToHex, readU16 } from '../../src/wire/bytes.ts';
import { MAC_A, MAC_B, train } from './segment-train.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';

const run = promisify(execFile);
/** An EtherType for experiments (IEEE 802). */
const PROBE = 0x88b5;

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

  it('has the kernel cut large segments into the very frames that were to be sent', async () => {
    const near = new TapNic({ device: 'near', namespace: `/run/netns/${namespace}` });
    const far = new TapNic({ device: 'far', namespace: `/run/netns/${namespace}` });
    const sent = [4, 6].flatMap((family) =>
      train({ family: family as 4 | 6, sizes: [...new Array<number>(20).fill(1448), 99], flags: 0x18 }),
    );
    const came: Uint8Array[] = [];
    let isOpen = false;
    let gotAll = () => {};
    const all = new Promise<void>((done) => (gotAll = done));
    try {
      await near.start({ frame: () => {}, link: () => {} });
      await far.start({
        frame: (bytes, start, end) => {
          // The kernel has something to say of its own.
          if (formatMac(bytes, start + 6) !== MAC_A) return;
          isOpen = true;
          if (readU16(bytes, start + 12) !== PROBE) came.push(bytes.slice(start, end));
          if (came.length === sent.length) gotAll();
        },
        link: () => {},
      });
      await inside('ip', 'link', 'add', 'wire', 'type', 'bridge', 'mcast_snooping', '0');
      for (const name of ['near', 'far']) await inside('ip', 'link', 'set', name, 'master', 'wire', 'up');
      await inside('ip', 'link', 'set', 'wire', 'up');
      // A bridge takes its time until its ports are open.
      const probe = frame(ethernet({ src: MAC_A, dst: MAC_B, type: PROBE }), data(new Uint8Array(46)));
      for (; !isOpen; await sleep(20)) near.transmit(probe, 0, probe.length);
      for (const bytes of sent) near.transmit(bytes, 0, bytes.length);
      await all;
      assert.equal(near.dropped, 0);
      assert.deepEqual(
        came.map((one) => bytesToHex(one)),
        sent.map((one) => bytesToHex(one)),
      );
    } finally {
      await near.close();
      await far.close();
    }
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
