/**
 * The network ends and is started anew under a guest that lives on. Where the VMM listens, the network comes back to it; where the
 * network listens, the VMM does: QEMU when its card is plugged in anew (by itself from 8.0 on, where it is told to).
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestNetwork, StreamNic, vmmWords } from '../../src/vmm/index.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';
import { QemuGuest } from './qemu/guest.ts';
import { Monitor } from './qemu/monitor.ts';

const CONFIGURE =
  'until ip link set eth0 up; do usleep 100000; done; udhcpc -i eth0 -s /etc/lease.sh -n -q -t 20 -T 1';

describe('a guest network that is started anew under a guest', function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-restart-'));
  const address = { path: join(folder, 'guest.sock') };
  const monitorPath = join(folder, 'monitor.sock');
  const server = createServer((_request, response) => response.end('served'));
  let network: GuestNetwork | undefined;
  let guest: QemuGuest | undefined;
  let monitor: Monitor | undefined;
  let url = '';

  before(async function () {
    for (const program of ['qemu-system-x86_64', 'busybox', 'cpio', 'apt-get'])
      requireOrSkip(this, `needs ${program}`, hasProgram(program));
    await new Promise<void>((done) => server.listen(0, done));
    url = `http://machine:${(server.address() as AddressInfo).port}/`;
  });

  afterEach(async () => {
    monitor?.close();
    guest?.kill();
    await network?.close();
  });

  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** Resolves to what resolves when a guest is there. */
  const start = async (listen: boolean): Promise<{ readonly linked: Promise<void> }> => {
    let isThere: () => void = () => {};
    const linked = new Promise<void>((done) => (isThere = done));
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: [{ name: 'guest', nic: new StreamNic({ address, listen }) }],
      onLink: (_guest, isUp) => isUp && isThere(),
    });
    await network.start();
    return { linked };
  };

  const fetched = async (by: QemuGuest) => (await by.run(`wget -q -O - ${url}`)).output;
  const isServed = async (by: QemuGuest) => {
    assert.equal(await fetched(by), 'served');
    const claimed = network!.guards.claims.of(1);
    assert.equal(claimed.includes('192.168.122.2'), true, claimed.join(' '));
  };

  it('and connects: serves it on, without the guest doing anything', async () => {
    guest = new QemuGuest(vmmWords('n0', { kind: 'stream', address, listen: false }));
    await (
      await start(false)
    ).linked;
    await guest.boot();
    const { output } = await guest.run(CONFIGURE);
    assert.equal(await fetched(guest), 'served', output);
    await network!.close();
    await (
      await start(false)
    ).linked;
    await isServed(guest);
  });

  it('and listens: is there again on the same path, and serves the card that comes back to it', async () => {
    const { linked } = await start(true);
    const socket = { type: 'stream', id: 'n0', server: false, addr: { type: 'unix', ...address } };
    const card = { driver: 'virtio-net-pci', netdev: 'n0', id: 'card' };
    guest = new QemuGuest([
      ...['-netdev', JSON.stringify(socket), '-device', JSON.stringify(card)],
      ...Monitor.words(monitorPath),
    ]);
    await linked;
    await guest.boot();
    const { output } = await guest.run(CONFIGURE);
    assert.equal(await fetched(guest), 'served', output);
    await network!.close();
    const again = await start(true);
    monitor = await Monitor.at(monitorPath);
    const unplugged = monitor.event('DEVICE_DELETED');
    await monitor.execute('device_del', { id: 'card' });
    await unplugged;
    await monitor.execute('netdev_del', { id: 'n0' });
    await monitor.execute('netdev_add', socket);
    await monitor.execute('device_add', card);
    await again.linked;
    await guest.run(CONFIGURE);
    await isServed(guest);
  });
});
