/**
 * `guest-to-host`, `host-to-guest`, `guest-cpu`, `guest-ping`: a Linux guest in QEMU (TCG) talks to iperf3 on this machine,
 * through us, through libslirp (`-netdev user`) and through passt, one after the other with the same guest. Since the
 * emulated guest is the bottleneck, the processor time that is spent outside its own processor is a figure of its own:
 * that of the network's process, and that of QEMU's threads but for the guest's processor.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { QemuGuest } from '../test/vmm/qemu/guest.ts';
import { less, median, more, type Bench, type Figure } from './figure.ts';
import { freePort } from './free-port.ts';
import { programsMissing } from './kernel.ts';

const SLUICE = 'bin/sluice.js';
const SECONDS = 4;
const ROUNDS = 2;
const PINGS = 50;
/** Linux: USER_HZ. */
const TICKS = 100;
const READY_MS = 10_000;

interface Backend {
  readonly name: string;
  /** What it needs beside QEMU. */
  readonly programs: readonly string[];
  /** Starts it; the arguments for QEMU, and whose processor time counts. */
  start(folder: string): Promise<{ readonly qemu: readonly string[]; readonly process: ChildProcess | null }>;
  /** How the guest reaches this machine's loopback interface; from `ip route`. */
  machine(gateway: string): string;
}

interface Result {
  readonly out: number;
  readonly in: number;
  /** Seconds of processor time per gigabyte, of both directions together. */
  readonly cpu: number;
  readonly pingMs: number;
}

const socketArguments = (path: string): readonly string[] => [
  '-netdev',
  `stream,id=n0,server=off,addr.type=unix,addr.path=${path}`,
  '-device',
  'virtio-net-pci,netdev=n0',
];

const SLUICE_BACKEND: Backend = {
  name: 'sluice',
  programs: [],
  async start(folder) {
    const path = join(folder, 'sluice.sock');
    const child = spawn(
      process.execPath,
      [SLUICE, 'net', 'up', '--guest', `g=${path}`, '--socket', `${path}.control`],
      {
        stdio: 'ignore',
      },
    );
    await exists(path);
    return { qemu: socketArguments(path), process: child };
  },
  machine: () => '100.64.0.2',
};

const SLIRP: Backend = {
  name: 'libslirp',
  programs: [],
  start: async () => ({
    qemu: ['-netdev', 'user,id=n0', '-device', 'virtio-net-pci,netdev=n0'],
    process: null,
  }),
  machine: (gateway) => gateway,
};

const PASST: Backend = {
  name: 'passt',
  programs: ['passt'],
  async start(folder) {
    const path = join(folder, 'passt.sock');
    const child = spawn('passt', ['-f', '-q', '--runas', '0', '-4', '-s', path], { stdio: 'ignore' });
    await exists(path);
    return { qemu: socketArguments(path), process: child };
  },
  machine: (gateway) => gateway,
};

async function exists(path: string): Promise<void> {
  for (const until = Date.now() + READY_MS; !existsSync(path); await sleep(20)) {
    if (Date.now() > until) throw new Error(`${path} did not appear`);
  }
}

/** Processor time so far, in seconds: of the process, and of QEMU without its guest's processor. */
function cpuSeconds(backend: ChildProcess | null, qemu: number): number {
  let ticks = backend === null ? 0 : ticksIn(`/proc/${backend.pid}/stat`);
  for (const thread of readdirSync(`/proc/${qemu}/task`)) {
    const folder = `/proc/${qemu}/task/${thread}`;
    if (!readFileSync(`${folder}/comm`, 'utf8').startsWith('CPU')) ticks += ticksIn(`${folder}/stat`);
  }
  return ticks / TICKS;
}

/** proc(5): utime and stime are fields 14 and 15; the name before them may hold anything. */
function ticksIn(path: string): number {
  const fields = readFileSync(path, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function measure(backend: Backend, port: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const { qemu, process: child } = await backend.start(folder);
  const guest = new QemuGuest(qemu, ['iperf3']);
  try {
    await guest.boot();
    const run = async (command: string) => {
      const { status, output } = await guest.run(command);
      if (status !== 0) throw new Error(`${backend.name}: ${command}: ${output}`);
      return output;
    };
    await run('ip link set eth0 up && udhcpc -i eth0 -s /etc/lease.sh -n -q -t 20 -T 1');
    const gateway = /default via (\S+)/.exec(await run('ip route'))![1]!;
    const machine = backend.machine(gateway);
    const before = cpuSeconds(child, guest.pid);
    const rate = async (more: string) => {
      const report = JSON.parse(await run(`iperf3 -c ${machine} -p ${port} -t ${SECONDS} -J ${more}`)) as {
        end: { sum_received: { bits_per_second: number; bytes: number } };
      };
      return report.end.sum_received;
    };
    const out = await rate('');
    const back = await rate('-R');
    const cpu = (cpuSeconds(child, guest.pid) - before) / ((out.bytes + back.bytes) / 1e9);
    // passt asks the real gateway, which is somebody else's.
    const pings = backend === PASST ? '' : await run(`ping -c ${PINGS} -i 0.02 -q ${gateway}`);
    return {
      out: out.bits_per_second / 1e9,
      in: back.bits_per_second / 1e9,
      cpu,
      pingMs: Number(/= [\d.]+\/([\d.]+)\//.exec(pings)?.[1]),
    };
  } finally {
    guest.kill();
    child?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(): Promise<Figure[]> {
  const missing = programsMissing(['qemu-system-x86_64', 'iperf3', 'busybox', 'cpio']);
  if (missing !== null) throw new Error(missing);
  const backends = [SLUICE_BACKEND, SLIRP, PASST].filter(
    ({ programs }) => programsMissing(programs) === null,
  );
  const port = await freePort();
  const server = spawn('iperf3', ['-s', '-B', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const results = new Map<string, Result[]>(backends.map(({ name }) => [name, []]));
  try {
    // In turns, so that a slow spell of the machine meets all.
    for (let round = 0; round < ROUNDS; round++) {
      for (const backend of backends) results.get(backend.name)!.push(await measure(backend, port));
    }
  } finally {
    server.kill();
    await once(server, 'exit');
  }
  return figures(results);
}

function figures(results: ReadonlyMap<string, readonly Result[]>): Figure[] {
  const of = (name: string, pick: (result: Result) => number): number | null => {
    const all = results.get(name);
    return all === undefined ? null : median(all.map(pick));
  };
  return [SLIRP.name, PASST.name]
    .flatMap((peer) => {
      const note = results.has(peer) ? undefined : 'not installed';
      return [
        more(
          'guest-to-host',
          of('sluice', (r) => r.out)!,
          'Gbit/s',
          peer,
          of(peer, (r) => r.out),
          note,
        ),
        more(
          'host-to-guest',
          of('sluice', (r) => r.in)!,
          'Gbit/s',
          peer,
          of(peer, (r) => r.in),
          note,
        ),
        less(
          'guest-cpu',
          of('sluice', (r) => r.cpu)!,
          's/GB',
          peer,
          of(peer, (r) => r.cpu),
          note,
        ),
      ];
    })
    .concat(
      less(
        'guest-ping',
        of('sluice', (r) => r.pingMs)!,
        'ms',
        SLIRP.name,
        of(SLIRP.name, (r) => r.pingMs),
      ),
    );
}

export const guest: Bench = {
  name: 'guest',
  figures: ['guest-to-host', 'host-to-guest', 'guest-cpu', 'guest-ping'],
  about:
    'a QEMU guest and this machine, beside libslirp and passt: guest-to-host, host-to-guest, -cpu, -ping',
  run: compare,
};
