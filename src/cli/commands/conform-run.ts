/** `sluice conform`, run: options to cases, the cases to the kernel and to Sluice, what came of them to the report. */
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { SluiceError } from '../../base/errors.ts';
import {
  askKernel,
  assertKernelAvailable,
  emptyTally,
  formatAnswer,
  KernelUnavailable,
  loadCase,
  ownCaptures,
  randomCases,
  readQuestion,
  runCampaign,
  saveRecord,
  type KernelCase,
  type NamedCase,
} from '../../conform/index.ts';
import { readNetworks } from '../../replay/address-words.ts';
import type { InputSpec } from '../../replay/merged-input.ts';
import { longName } from '../command.ts';
import { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import { ConformReport } from './conform-report.ts';
import type { ConformOptions } from './conform.ts';
import { INPUT_WORD, parseInput } from './input-words.ts';

const MOST_JOBS = 8;
const DEFAULT_CASES = 100;
const DEFAULT_PACKETS = 100;

export async function runConformCommand(
  paths: readonly string[],
  options: ConformOptions,
  io: Io,
): Promise<number> {
  checkTogether(paths, options);
  try {
    assertKernelAvailable();
    if (options.ask === true) return await ask(paths, options, io);
    if (options.record === true) return await record(paths, io);
    return await compare(paths, options, io);
  } catch (error) {
    if (error instanceof KernelUnavailable) throw new SluiceError('KERNEL', error.message);
    if (error instanceof SluiceError && error.code === 'USAGE')
      throw new UsageError(error.message, 'conform');
    throw error;
  }
}

async function compare(paths: readonly string[], options: ConformOptions, io: Io): Promise<number> {
  const deadline = options.for === undefined ? Infinity : performance.now() + milliseconds(options.for);
  const tally = emptyTally();
  const report = new ConformReport(io, options, tally);
  const endWithSummary = (): void => report.end();
  // Before the kernel's sessions hear of it: they take themselves down, and then the process ends by the signal.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.prependOnceListener(signal, endWithSummary);
  try {
    await runCampaign(
      await casesOf(paths, options),
      {
        jobs: options.jobs ?? Math.min(MOST_JOBS, availableParallelism()),
        shrink: options.shrink ?? options.random === true,
        keep: options.keep ?? null,
        isOver: () => performance.now() > deadline,
      },
      report,
      tally,
    );
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, endWithSummary);
  }
  report.end();
  if (tally.differing > 0) return ExitStatus.NOT_MET;
  return tally.refused > 0 ? ExitStatus.USAGE : ExitStatus.DONE;
}

/** One case, and nothing but what the kernel says of it. */
async function ask(paths: readonly string[], options: ConformOptions, io: Io): Promise<number> {
  const [only, ...further] = await casesOf(paths, options);
  if (only === undefined || further.length > 0) throw new UsageError('--ask takes one case', 'conform');
  io.out.write(formatAnswer(await askKernel(await only.make())));
  return ExitStatus.DONE;
}

async function record(folders: readonly string[], io: Io): Promise<number> {
  for (const folder of folders) {
    const question = await loadCase(folder);
    const answer = await askKernel(question);
    saveRecord(folder, question, answer);
    io.out.write(`${folder}: packets ${answer.packets.length}\n`);
  }
  return ExitStatus.DONE;
}

/** What cannot be read is complained about before anything runs. */
async function casesOf(paths: readonly string[], options: ConformOptions): Promise<Iterable<NamedCase>> {
  if (options.random === true) {
    return randomCases({
      captures: paths.length > 0 ? paths : ownCaptures(),
      seed: options.seed ?? 1,
      cases: options.cases ?? (options.for === undefined ? DEFAULT_CASES : Infinity),
      packets: options.packets ?? DEFAULT_PACKETS,
    });
  }
  if (paths.length > 0 && paths.every(isFolder)) {
    const cases = await Promise.all(paths.map(loadCase));
    return cases.map((question, i) => ({ name: paths[i]!, make: () => question }));
  }
  const question = oneCase(paths, options);
  return [{ name: 'this case', make: () => question }];
}

function oneCase(captures: readonly string[], options: ConformOptions): KernelCase {
  const { rules, rules6, ipset, gateway, inside } = options;
  return readQuestion({
    rules,
    rules6,
    ipset,
    gateway,
    inputs: [...options.in.map(readInput), ...captures.map((path) => ({ iface: null, path }))],
    inside: inside.length > 0 ? readNetworks(inside, '--inside') : undefined,
  });
}

function readInput(word: string): InputSpec {
  const input = parseInput(word);
  if (input === null) throw new UsageError(`--in takes IFACE=CAPTURE, not "${word}"`, 'conform');
  return input;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Options of a mode that is not asked for say that something else was meant. */
function checkTogether(paths: readonly string[], options: ConformOptions): void {
  const refuse = (message: string): never => {
    throw new UsageError(message, 'conform');
  };
  const given = (keys: readonly (keyof ConformOptions)[]): string | undefined => {
    const key = keys.find((name) => isGiven(options[name]));
    return key === undefined ? undefined : longName(key);
  };
  for (const path of paths) {
    if (!existsSync(path)) {
      refuse(`no such file: "${path}"${INPUT_WORD.test(path) ? `; --in ${path} may be meant` : ''}`);
    }
  }
  const single = given(['in', 'inside', 'rules', 'rules6', 'ipset', 'gateway']);
  const atRandom = given(['seed', 'cases', 'packets', 'for']);
  if (options.random === true) {
    if (single !== undefined) refuse(`--random and ${single} exclude each other`);
    if (options.ask === true || options.record === true) {
      refuse(`--random and --${options.ask === true ? 'ask' : 'record'} exclude each other`);
    }
    if (paths.some(isFolder)) refuse('--random takes captures, not folders');
    return;
  }
  if (atRandom !== undefined) refuse(`${atRandom} is for --random`);
  if (options.ask === true && options.record === true) refuse('--ask and --record exclude each other');
  const folders = paths.filter(isFolder).length;
  if (folders > 0 && (folders < paths.length || single !== undefined)) {
    refuse('folders of cases and captures exclude each other');
  }
  if (options.record === true && folders === 0) refuse('--record takes folders of cases');
  if (folders > 0) return;
  if (paths.length === 0 && options.in.length === 0) refuse('no capture given, and not --random');
  if (options.rules === undefined && options.rules6 === undefined && options.ask !== true) {
    refuse('no rules given: --rules FILE, or --rules6 FILE');
  }
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

/** `30s`, `10m`, `2h`, and several of them together. */
function milliseconds(duration: string): number {
  if (!/^(\d+[hms])+$/.test(duration)) {
    throw new UsageError(`--for takes a duration such as 30s, 10m or 2h, not "${duration}"`, 'conform');
  }
  const seconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * seconds[unit!]! * 1000,
    0,
  );
}
