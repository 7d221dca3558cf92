/** `sluice replay`, run: options to a question, the question to the engine, its answers to the reports asked for. */
import { existsSync } from 'node:fs';
import { SluiceError } from '../../base/errors.ts';
import { readAddresses, readNetworks } from '../../replay/address-words.ts';
import { parseConfigFile, type ConfigFile } from '../../base/config-file.ts';
import type { InputSpec } from '../../replay/merged-input.ts';
import type { ReplayListener, ReplayOptions } from '../../replay/options.ts';
import type { PacketOutcome } from '../../replay/outcome.ts';
import {
  combineReports,
  FdOutput,
  JsonReport,
  parseSyslogTarget,
  PcapngReport,
  ProgressReport,
  SummaryReport,
  syslogToFile,
  TableReport,
  type Report,
} from '../../replay/report/index.ts';
import type { ReplaySummary } from '../../replay/summary.ts';
import { readTextFile } from '../../replay/text-file.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import { version } from '../version.ts';
import { INPUT_WORD, parseInput } from './input-words.ts';
import type { ReplayCommandOptions } from './replay.ts';

export type RunReplay = (options: ReplayOptions, listener: ReplayListener) => ReplaySummary;

export async function runReplayCommand(
  captures: readonly string[],
  options: ReplayCommandOptions,
  io: Io,
  runReplay: RunReplay,
): Promise<number> {
  checkTogether(captures, options);
  const gateway = options.gateway === undefined ? null : parseConfigFile(readTextFile(options.gateway));
  let report: Report | null = null;
  let summary: ReplaySummary;
  try {
    const question = makeQuestion(captures, options, gateway);
    report = combineReports(makeReports(options, io));
    summary = runReplay(question, report);
    report.finish?.(summary);
  } catch (error) {
    throw explained(error, gateway);
  } finally {
    report?.close?.();
  }
  for (const cut of summary.truncated) complain(io, cut.describe());
  io.err.flush();
  return summary.truncated.length > 0 ? ExitStatus.CUT : ExitStatus.DONE;
}

/** A complaint about the gateway with its line; about what was asked for, as one about the command line. */
function explained(error: unknown, gateway: ConfigFile | null): unknown {
  if (error instanceof SluiceError && error.code === 'USAGE') return new UsageError(error.message, 'replay');
  return gateway === null ? error : gateway.locate(error);
}

function checkTogether(captures: readonly string[], options: ReplayCommandOptions): void {
  const refuse = (message: string): never => {
    throw new UsageError(message, 'replay');
  };
  if (options.rules === undefined && options.rules6 === undefined) {
    refuse('no rules given: --rules FILE, or --rules6 FILE');
  }
  if (captures.length === 0 && options.in.length === 0) refuse('no capture given');
  for (const path of captures) {
    if (INPUT_WORD.test(path) && !existsSync(path))
      refuse(`no such file: "${path}"; --in ${path} may be meant`);
  }
  if (options.host.length > 0 && options.inside.length > 0) refuse('--host and --inside exclude each other');
  if (options.quiet === true && (options.json === true || options.summary === true)) {
    refuse(`--quiet and --${options.json === true ? 'json' : 'summary'} exclude each other`);
  }
  if (options.output === '-' && options.json === true) refuse('--json and -o - both want standard output');
  const fromStdin = [
    ...captures,
    ...options.in.map((word) => parseInput(word)?.path),
    ...[options.rules, options.rules6, options.gateway],
  ].filter((path) => path === '-');
  if (fromStdin.length > 1) refuse('standard input (-) can be read only once');
}

function makeQuestion(
  captures: readonly string[],
  options: ReplayCommandOptions,
  gateway: ConfigFile | null,
): ReplayOptions {
  return {
    rules: options.rules === undefined ? undefined : readTextFile(options.rules),
    rules6: options.rules6 === undefined ? undefined : readTextFile(options.rules6),
    gateway: gateway ?? undefined,
    inputs: [...options.in.map(readInput), ...captures.map((path) => ({ iface: null, path }))],
    inside: options.inside.length > 0 ? readNetworks(options.inside, '--inside') : undefined,
    insideInterface: options.insideInterface,
    outsideInterface: options.outsideInterface,
    host: options.host.length > 0 ? readAddresses(options.host, '--host') : undefined,
    closedLoop: options.closedLoop,
    checksums: options.checksums,
    seed: options.seed,
    engine: options.engine,
  };
}

function readInput(word: string): InputSpec {
  const input = parseInput(word);
  if (input === null) throw new UsageError(`--in takes IFACE=CAPTURE, not "${word}"`, 'replay');
  return input;
}

function makeReports(options: ReplayCommandOptions, io: Io): Report[] {
  const reports: Report[] = [];
  try {
    for (const text of options.syslog) reports.push(syslogToFile(parseSyslogTarget(text)));
    if (options.output !== undefined) {
      reports.push(new PcapngReport(FdOutput.create(options.output), `sluice ${version()}`));
    }
    const wanted = options.onlyDropped === true ? isDropped : () => true;
    const packets = options.summary !== true;
    const silent = options.quiet === true || options.output === '-';
    if (options.json === true) {
      reports.push(new JsonReport(io.out, { packets, wanted, trace: options.trace !== false }));
    } else if (!silent) reports.push(...reportsForPeople(options, io, packets, wanted));
    const tableMoves = packets && !silent && io.outIsTerminal;
    if (options.progress ?? (io.errIsTerminal && !tableMoves)) {
      reports.unshift(new ProgressReport(process.stderr));
    }
  } catch (error) {
    for (const report of reports) report.close?.();
    if (error instanceof SluiceError && error.code === 'SYSLOG_SELECTOR') {
      throw new UsageError(error.message, 'replay');
    }
    throw error;
  }
  return reports;
}

/** A packet that somebody keeps (STOLEN) may still go on. */
function isDropped({ verdict }: PacketOutcome): boolean {
  return verdict === 'DROP' || verdict === 'QUEUE';
}

function reportsForPeople(
  options: ReplayCommandOptions,
  io: Io,
  packets: boolean,
  wanted: (outcome: PacketOutcome) => boolean,
): Report[] {
  const color = isColored(options.color, io);
  const width = options.width ?? io.columns;
  const summary = new SummaryReport(io.out, { color, width });
  if (!packets) return [summary];
  const { time } = options;
  const table = new TableReport(io.out, { wanted, trace: options.trace === true, color, width, time });
  // An empty line between the packets and what is said of them all.
  return [table, { finish: () => io.out.write('\n') }, summary];
}

/** https://no-color.org: set and not empty. */
function isColored(choice: ReplayCommandOptions['color'], io: Io): boolean {
  if (choice !== 'auto') return choice === 'always';
  return io.outIsTerminal && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
}
