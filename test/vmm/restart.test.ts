/** The network ends and is started anew under a guest that lives on; the VMM listens, and the network comes back to it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestNetwork, StreamNic, vmmWords } from '../../src/vmm/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { QemuGuest } from './qemu/guest.ts';

describe('a guest network that is started anew under a guest', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-restart-'));
  const address = { path: join(folder, 'guest.sock') };
  const server = createServer((_request, response) => response.end('served'));
  let network: GuestNetwork | undefined;
  let guest: QemuGuest | undefined;

  after(async () => {
    guest?.kill();
    server.close();
    await network?.close();
    rmSync(folder, { recursive: true });
  });

  const start = async () => {
    let isThere: () => void = () => {};
    const up = new Promise<void>((done) => (isThere = done));
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: [{ name: 'guest', nic: new StreamNic({ address, listen: false }) }],
      onLink: (_guest, isUp) => isUp && isThere(),
    });
    await network.start();
    return up;
  };

  it('serves it on, without the guest doing anything', async function () {
    for (const program of ['qemu-system-x86_64', 'busybox', 'cpio', 'apt-get'])
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    await new Promise<void>((done) => server.listen(0, done));
    const { port } = server.address() as AddressInfo;
    const booted = new QemuGuest(vmmWords('n0', { kind: 'stream', address, listen: false }));
    guest = booted;
    await start();
    await booted.boot();
    const fetched = async (url: string) => (await booted.run(`wget -q -O - ${url}`)).output;
    const { output } = await booted.run(
      'ip link set eth0 up && udhcpc -i eth0 -s /etc/lease.sh -n -q -t 20 -T 1',
    );
    const url = `http://machine:${port}/`;
    assert.equal(await fetched(url), 'served', output);
    await network!.close();
    await start();
    assert.equal(await fetched(url), 'served');
    const claimed = network!.guards.claims.of(1);
    assert.equal(claimed.includes('192.168.122.2'), true, claimed.join(' '));
  });
});
