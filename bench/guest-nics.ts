/**
 * `guest-nics`: what a thousand guests cost that are connected and silent. The other ends of their sockets are in this
 * process too, and count.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestNetwork, StreamNic } from '../src/vmm/index.ts';
import { less, type Bench } from './figure.ts';

const GUESTS = 1000;
const LIMIT_MB = 200;

async function idleMemory(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const paths = Array.from({ length: GUESTS }, (_, i) => join(folder, `${i}`));
  const before = process.memoryUsage.rss();
  const network = new GuestNetwork({
    addresses: ['10.0.0.1/16', 'fd00::1/64'],
    guests: paths.map((path, i) => ({
      name: `g${i}`,
      nic: new StreamNic({ address: { path }, listen: true }),
    })),
  });
  await network.start();
  const guests: Socket[] = [];
  for (const path of paths) {
    const guest = connect({ path });
    await once(guest, 'connect');
    guests.push(guest.resume());
  }
  const used = (process.memoryUsage.rss() - before) / 1e6;
  for (const guest of guests) guest.destroy();
  await network.close();
  rmSync(folder, { recursive: true });
  return used;
}

export const guestNics: Bench = {
  name: 'guest-nics',
  about: '1,000 guests that are connected and silent',
  run: async () => [less('guest-nics', await idleMemory(), 'MB', 'the limit set for 1,000', LIMIT_MB)],
};
