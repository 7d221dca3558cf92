/** `sluice replay`, run: options to a question, the question to the engine, its answers to the reports asked for. */
import { once } from 'node:events';
import { SluiceError } from '../../base/errors.ts';
import { checkSocketPath } from '../../control/index.ts';
import type { LiveNode } from '../../programs/index.ts';
import type { ReplayedNetwork, ReplayListener, ReplayOptions } from '../../replay/options.ts';
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
import { describesSwitch } from '../../replay/switch-replay.ts';
import { LiveInstance, serveControl } from '../../shell/live/instance.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import { version } from '../version.ts';
import { checkQuestion, explained, makeQuestion, readGateway } from './question.ts';
import type { ReplayCommandOptions } from './replay.ts';

export type RunReplay = (options: ReplayOptions, listener: ReplayListener) => ReplaySummary;

export async function runReplayCommand(
  captures: readonly string[],
  options: ReplayCommandOptions,
  io: Io,
  runReplay: RunReplay,
): Promise<number> {
  checkTogether(captures, options);
  const gateway = readGateway(options);
  if (!hasRules(options) && !describesSwitch({ gateway: gateway ?? undefined })) refuse(NO_RULES);
  if (options.socket !== undefined) await checkSocketPath(options.socket);
  let report: Report | null = null;
  let summary: ReplaySummary;
  const left: ReplayedNetwork[] = [];
  try {
    const question = {
      ...makeQuestion(captures, options, gateway, 'replay'),
      engine: options.engine,
    };
    report = combineReports(makeReports(options, io));
    summary = runReplay(question, { ...report, ended: (network) => left.push(network) });
    report.finish?.(summary);
  } catch (error) {
    throw explained(error, gateway, 'replay');
  } finally {
    report?.close?.();
  }
  for (const cut of summary.truncated) complain(io, cut.describe());
  io.err.flush();
  if (options.hold === true) await hold(left[0]!, options.socket!, io);
  return summary.truncated.length > 0 ? ExitStatus.CUT : ExitStatus.DONE;
}

/** Until a signal ends it. */
async function hold(network: ReplayedNetwork, path: string, io: Io): Promise<void> {
  const instance = new LiveInstance({ kind: 'replay', clock: network.clock, nodes: [nodeOf(network)] });
  const server = await serveControl(instance, path);
  complain(io, `the gateway is held; its control socket is ${path}, and Ctrl-C ends it`);
  io.out.flush();
  io.err.flush();
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await server.close();
}

function nodeOf(network: ReplayedNetwork): LiveNode {
  if (network.gateway !== null)
    return { kind: 'host', name: 'gateway', gateway: network.gateway, flows: network.flows };
  return { kind: 'switch', name: 'switch', switch: network.switch! };
}

const NO_RULES = 'no rules given: --rules FILE, or --rules6 FILE';

function refuse(message: string): never {
  throw new UsageError(message, 'replay');
}

/** Only a switch goes without. */
function hasRules({ rules, rules6 }: ReplayCommandOptions): boolean {
  return rules !== undefined || rules6 !== undefined;
}

function checkTogether(captures: readonly string[], options: ReplayCommandOptions): void {
  if (!hasRules(options) && options.gateway === undefined) refuse(NO_RULES);
  checkQuestion(captures, options, 'replay');
  if (options.quiet === true && (options.json === true || options.summary === true)) {
    refuse(`--quiet and --${options.json === true ? 'json' : 'summary'} exclude each other`);
  }
  if ((options.hold === true) !== (options.socket !== undefined))
    refuse('--hold and --socket need each other');
  if (options.output === '-' && options.json === true) refuse('--json and -o - both want standard output');
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
