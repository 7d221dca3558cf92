/**
 * `namespace-out`, `namespace-in`: a network namespace of the kernel in place of a virtual machine, on a TAP device of ours, and on
 * one of slirp4netns (libslirp), one after the other, against the same iperf3 on this machine; at two MTUs. Needs root.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, more, type Bench, type Figure } from './figure.ts';
import { freePort } from './free-port.ts';
import { programsMissing } from './kernel.ts';

const SLUICE = 'bin/sluice.js';
const SECONDS = 3;
const ROUNDS = 2;
const MTUS = [1500, 65520] as const;
const READY_MS = 10_000;

interface Rates {
  readonly out: number;
  readonly in: number;
}

function ip(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
  return stdout;
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + READY_MS; !isSo(); await sleep(50)) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
  }
}

const hasDevice = (namespace: string) =>
  spawnSync('ip', ['-n', namespace, 'link', 'show', 'dev', 'tap0']).status === 0;

/** Ours: the device appears; its address is given by hand. */
async function startSluice(namespace: string, mtu: number): Promise<ChildProcess> {
  const attach = ['--guest', `box=tap:tap0@/run/netns/${namespace}`, '--mtu', String(mtu)];
  const control = ['--socket', join(tmpdir(), `${namespace}.control`)];
  const child = spawn(process.execPath, [SLUICE, 'net', 'up', ...attach, ...control], { stdio: 'ignore' });
  await until(() => hasDevice(namespace), 'the TAP device');
  ip('-n', namespace, 'addr', 'add', '192.168.122.5/24', 'dev', 'tap0');
  ip('-n', namespace, 'link', 'set', 'tap0', 'mtu', String(mtu), 'up');
  ip('-n', namespace, 'route', 'add', 'default', 'via', '192.168.122.1');
  return child;
}

async function startSlirp(namespace: string, mtu: number): Promise<ChildProcess> {
  const words = ['--configure', `--mtu=${mtu}`, '--netns-type=path', `/run/netns/${namespace}`, 'tap0'];
  const child = spawn('slirp4netns', words, { stdio: 'ignore' });
  await until(() => hasDevice(namespace) && ip('-n', namespace, 'route').includes('default'), 'slirp4netns');
  return child;
}

async function measure(
  start: (namespace: string, mtu: number) => Promise<ChildProcess>,
  machine: string,
  mtu: number,
  port: number,
): Promise<Rates> {
  const namespace = `sluice-bench-${process.pid}`;
  ip('netns', 'add', namespace);
  const child = await start(namespace, mtu);
  try {
    const rate = (...words: string[]) => {
      const command = ['netns', 'exec', namespace, 'iperf3', '-c', machine, '-p', String(port)];
      const { stdout } = spawnSync('ip', [...command, '-t', String(SECONDS), '-J', '-C', 'cubic', ...words], {
        encoding: 'utf8',
      });
      const report = JSON.parse(stdout) as { end: { sum_received?: { bits_per_second: number } } };
      return (report.end.sum_received?.bits_per_second ?? 0) / 1e9;
    };
    return { out: rate(), in: rate('-R') };
  } finally {
    child.kill();
    await once(child, 'exit');
    ip('netns', 'del', namespace);
  }
}

async function compare(): Promise<Figure[]> {
  if (process.getuid?.() !== 0) throw new Error('needs root, for a network namespace');
  const missing = programsMissing(['iperf3', 'ip']);
  if (missing !== null) throw new Error(missing);
  const hasSlirp = programsMissing(['slirp4netns']) === null;
  const port = await freePort();
  const server = spawn('iperf3', ['-s', '-B', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  try {
    const figures: Figure[] = [];
    for (const mtu of MTUS) {
      const own: Rates[] = [];
      const peer: Rates[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        own.push(await measure(startSluice, '100.64.0.2', mtu, port));
        if (hasSlirp) peer.push(await measure(startSlirp, '10.0.2.2', mtu, port));
      }
      for (const way of ['out', 'in'] as const) {
        const of = (all: readonly Rates[]) => median(all.map((rates) => rates[way]));
        const name = `namespace-${way}${mtu === 1500 ? '' : '-jumbo'}`;
        const note = hasSlirp ? undefined : 'not installed';
        figures.push(more(name, of(own), 'Gbit/s', 'slirp4netns', hasSlirp ? of(peer) : null, note));
      }
    }
    return figures;
  } finally {
    server.kill();
  }
}

export const namespace: Bench = {
  name: 'namespace',
  figures: ['namespace-out', 'namespace-in', 'namespace-out-jumbo', 'namespace-in-jumbo'],
  about: 'a network namespace and this machine by a TAP device, beside slirp4netns',
  run: compare,
};
