/** Cases written on the spot in a folder of their own, and a replay that hands out outcomes made by hand. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { MemorySink, PcapWriter } from '../../../src/capture/index.ts';
import type { SluiceError } from '../../../src/base/errors.ts';
import { parseCase, type CaseResult } from '../../../src/replay/cases/index.ts';
import { runCaseFile, type CaseEnvironment, type RunCaseOptions } from '../../../src/replay/cases/run.ts';
import { CaseFileError } from '../../../src/replay/cases/yaml-reader.ts';
import type { PacketOutcome, TimerOutcome } from '../../../src/replay/outcome.ts';
import type { ReplayListener, ReplayOptions } from '../../../src/replay/options.ts';
import type { ReplaySummary } from '../../../src/replay/summary.ts';
import { summary } from '../report/outcomes.ts';

const ROOT = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-cases-'));
process.on('exit', () => fs.rmSync(ROOT, { recursive: true, force: true }));

/** A new folder with these files in it, and `a.pcap` with no packets. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const where = fs.mkdtempSync(path.join(ROOT, 'f'));
  fs.writeFileSync(path.join(where, 'a.pcap'), emptyCapture());
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(where, name)), { recursive: true });
    fs.writeFileSync(path.join(where, name), text);
  }
  return where;
}

function emptyCapture(): Uint8Array {
  const sink = new MemorySink();
  new PcapWriter(sink, { linkType: 1 }).close();
  return sink.bytes();
}

/** A case file around these expectations. */
export function caseText(expect: string, more = ''): string {
  return `name: t\ncaptures: a.pcap\n${more}expect:\n${expect}\n`;
}

/** The mistakes of a case file, as `line:column: message`. */
export function mistakesOf(yaml: string): string[] {
  const file = path.join(folder(), 't.case.yaml');
  try {
    parseCase(yaml, file);
  } catch (error) {
    if (!(error instanceof CaseFileError)) throw error;
    return error.mistakes.map(({ place, message }) => {
      const where = place.file === file ? '' : `${path.basename(place.file ?? '')}:`;
      return `${where}${place.line}:${place.column}: ${message.replaceAll(path.dirname(file), '.')}`;
    });
  }
  return [];
}

export interface Replayed {
  readonly packets?: readonly PacketOutcome[];
  readonly timers?: readonly TimerOutcome[];
  readonly log?: readonly string[];
  readonly summary?: Partial<ReplaySummary>;
  /** Thrown instead of a summary. */
  readonly error?: SluiceError;
}

/** An environment whose replay tells these outcomes, and the options and listeners that it was given. */
export function fakeEnvironment(replayed: Replayed): CaseEnvironment & {
  readonly asked: { readonly options: ReplayOptions; readonly listener: ReplayListener }[];
} {
  const asked: { options: ReplayOptions; listener: ReplayListener }[] = [];
  const { packets = [], timers = [], log = [] } = replayed;
  return {
    asked,
    now: () => 0,
    replay: (options, listener) => {
      asked.push({ options, listener });
      for (const text of log) listener.log?.({ time: 0, level: 4, text, cause: 0 });
      for (const one of packets) {
        listener.packet?.(listener.trace === true ? one : { ...one, trace: [] });
      }
      for (const one of timers) listener.timer?.(one);
      if (replayed.error !== undefined) throw replayed.error;
      return summary({ frames: packets.length, ...replayed.summary });
    },
  };
}

/** Runs a case with these expectations on these outcomes. */
export function run(expect: string, replayed: Replayed, options: RunCaseOptions = {}): CaseResult {
  const file = path.join(folder({ 't.case.yaml': caseText(expect) }), 't.case.yaml');
  return runCaseFile(file, fakeEnvironment(replayed), options);
}

/** What was found instead of the expected, or `passed`. */
export function found(expect: string, replayed: Replayed): string {
  const { status, failures, errors } = run(expect, replayed);
  if (status === 'passed') return 'passed';
  const [failure] = failures;
  if (failure === undefined) return errors.map(({ message }) => message).join('; ');
  const differences = [...failure.differences, ...failure.packets.flatMap((one) => one.differences)];
  return differences.length === 0
    ? failure.message
    : differences.map(({ name, actual }) => `${name}: ${actual}`).join('; ');
}
