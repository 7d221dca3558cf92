/**
 * `conntrack-memory`: the peak memory of a process that tracks a million connections, beside what the kernel's own
 * entries for them take. `capture-memory`: the peak of a replay of a large capture, beside that of a small one.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { less, type Bench, type Figure } from './figure.ts';

const CONNECTIONS = 1_000_000;
const MB = 1e6;

/** Runs a child of ours and reads the peak memory (bytes) that it reports. */
function peakOf(job: string, ...args: string[]): number {
  const script = fileURLToPath(new URL('memory-job.js', import.meta.url));
  const child = spawnSync(process.execPath, [script, job, ...args], { encoding: 'utf8', maxBuffer: 1 << 20 });
  if (child.status !== 0) throw new Error(`${job}: ${child.stderr}`);
  return Number(child.stdout.trim());
}

/** Bytes of a kernel entry (slab object) and its two hash chains; null where /proc/slabinfo can't be read. */
function kernelEntryBytes(): number | null {
  try {
    const line = readFileSync('/proc/slabinfo', 'utf8')
      .split('\n')
      .find((row) => row.startsWith('nf_conntrack '));
    const [, , , objectSize] = line?.split(/\s+/) ?? [];
    return objectSize === undefined ? null : Number(objectSize) + 8;
  } catch {
    return null;
  }
}

export const conntrackMemory: Bench = {
  name: 'conntrack-memory',
  about: 'a million tracked TCP connections',
  run(): Figure[] {
    const entry = kernelEntryBytes();
    return [
      less(
        'conntrack-memory',
        peakOf('connections', String(CONNECTIONS)) / MB,
        'MB',
        'Linux kernel, slab objects of as many entries',
        entry === null ? null : (entry * CONNECTIONS) / MB,
        entry === null ? 'no /proc/slabinfo here' : undefined,
      ),
    ];
  },
};

export const captureMemory: Bench = {
  name: 'capture-memory',
  about: 'a capture of 2 GB, replayed with NAT, beside one of 2 MB',
  run: () => [
    less(
      'capture-memory',
      peakOf('capture', '20000000') / MB,
      'MB',
      'the same with 20,000 packets',
      peakOf('capture', '20000') / MB,
    ),
  ],
};
