/** `sluice flows`, run: a replay whose summary's flows are what is printed. */
import { runReplay } from '../../replay/replay.ts';
import { escapeJson } from '../../replay/report/escape.ts';
import { flowFields, flowTableText } from '../../replay/report/flows.ts';
import { FdOutput } from '../../replay/report/index.ts';
import { laddersSvg } from '../../replay/report/ladder-svg.ts';
import { ladderText } from '../../replay/report/ladder.ts';
import { watchingRules } from '../../replay/watching-rules.ts';
import type { ReplaySummary } from '../../replay/summary.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import { checkQuestion, explained, makeQuestion, readGateway } from './question.ts';
import type { FlowsCommandOptions } from './flows.ts';

export function runFlowsCommand(captures: readonly string[], options: FlowsCommandOptions, io: Io): number {
  checkQuestion(captures, options, 'flows');
  if (options.svg === '-' && options.json === true) {
    throw new UsageError('--json and --svg - both want standard output', 'flows');
  }
  const hasRules = options.rules !== undefined || options.rules6 !== undefined;
  const gateway = readGateway(options);
  let summary: ReplaySummary;
  try {
    const question = makeQuestion(captures, options, gateway, 'flows');
    summary = runReplay(hasRules ? question : { ...question, ...watchingRules() }, { flows: true });
  } catch (error) {
    throw explained(error, gateway, 'flows');
  }
  const flows = summary.flows.filter(({ id }) => options.flow === undefined || id === options.flow);
  if (options.svg !== undefined) {
    const file = FdOutput.create(options.svg);
    file.write(laddersSvg(flows));
    file.close();
  }
  if (options.json === true) {
    for (const flow of flows) {
      io.out.write(`${escapeJson(JSON.stringify({ type: 'flow', ...flowFields(flow) }))}\n`);
    }
  } else if (options.svg !== '-') {
    io.out.write(flowTableText(flows, summary.lastTimeUs ?? 0));
    if (options.ladder === true) for (const flow of flows) io.out.write(`\n${ladderText(flow)}`);
  }
  for (const cut of summary.truncated) complain(io, cut.describe());
  io.err.flush();
  return summary.truncated.length > 0 ? ExitStatus.CUT : ExitStatus.DONE;
}
