/** Replays in tests: options with less to write, and everything that was told in one record. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { LogLine } from '../../src/netfilter/log.ts';
import type { InputSpec } from '../../src/replay/merged-input.ts';
import type { ReplayListener, ReplayOptions, SourceText } from '../../src/replay/options.ts';
import type { PacketOutcome, TimerOutcome } from '../../src/replay/outcome.ts';
import { runReplay } from '../../src/replay/replay.ts';
import type { ReplaySummary } from '../../src/replay/summary.ts';
import { formatPcap } from '../../src/conform/pcap.ts';

export const ROOT = join(import.meta.dirname, '../..');

export const pcap = (name: string): string => join(ROOT, 'pcaps', name);

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Lines that say something: no comments, no table names. */
export const lines = (text: string): string[] => text.split('\n').filter((line) => /^[^#*]/.test(line));

/** conntrack's lines without the seconds left; the kernel lists connections in the order of a secret hash. */
export const connections = (listed: readonly string[]): string[] =>
  listed.map((line) => line.replace(/^((?:\S+ +){4})\d+ /, '$1').replace(/ use=\d+ *$/, '')).sort();

export interface Told {
  readonly summary: ReplaySummary;
  readonly packets: PacketOutcome[];
  readonly timers: TimerOutcome[];
  readonly log: LogLine[];
}

/** As ReplayOptions; texts instead of files, one capture by its path, `in` as on the command line. */
export interface Question extends Partial<Omit<ReplayOptions, 'rules' | 'rules6' | 'gateway' | 'inputs'>> {
  readonly rules?: string;
  readonly rules6?: string;
  readonly gateway?: unknown;
  readonly capture?: string;
  readonly in?: Readonly<Record<string, string>>;
}

export function optionsOf({ rules, rules6, gateway, capture, in: named, ...rest }: Question): ReplayOptions {
  const text = (content: string | undefined, file: string): SourceText | undefined =>
    content === undefined ? undefined : { text: content, file };
  const inputs: InputSpec[] = Object.entries(named ?? {}).map(([iface, path]) => ({ iface, path }));
  if (capture !== undefined) inputs.push({ iface: null, path: capture });
  return {
    rules: text(rules, 'rules.v4'),
    rules6: text(rules6, 'rules.v6'),
    gateway: gateway === undefined ? undefined : { value: gateway, file: 'gateway.yaml' },
    inputs,
    ...rest,
  };
}

export function replay(question: Question, listener: ReplayListener = {}): Told {
  const packets: PacketOutcome[] = [];
  const timers: TimerOutcome[] = [];
  const log: LogLine[] = [];
  const summary = runReplay(optionsOf(question), {
    packet: (outcome) => packets.push(outcome),
    timer: (outcome) => timers.push(outcome),
    log: (line) => log.push(line),
    ...listener,
  });
  return { summary, packets, timers, log };
}

/** The example's gateway and rules, for `replay`. */
export function natGateway(): Question {
  return {
    rules: read('examples/nat-gateway/firewall.rules'),
    rules6: read('examples/nat-gateway/firewall6.rules'),
    gateway: parse(read('examples/nat-gateway/gateway.yaml')) as unknown,
  };
}

export interface Frame {
  /** Seconds after the first. */
  readonly at?: number;
  readonly frame: Uint8Array;
}

/** The time stamp of the first frame of captures made here. */
export const FIRST_TIME = 1_700_000_000;

/** Captures made of frames, in a directory that `remove` takes away again. */
export class Captures {
  private readonly directory = mkdtempSync(join(tmpdir(), 'sluice-replay-'));
  private count = 0;

  /** Frames a millisecond apart unless they say when. */
  of(frames: readonly (Uint8Array | Frame)[]): string {
    const timed = frames.map((one, i) => {
      const { at = i / 1000, frame } = one instanceof Uint8Array ? { frame: one } : one;
      return { time: FIRST_TIME + at, frame };
    });
    return this.file(formatPcap(timed));
  }

  file(bytes: Uint8Array): string {
    const path = join(this.directory, `${++this.count}.pcap`);
    writeFileSync(path, bytes);
    return path;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
