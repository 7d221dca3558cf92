/** `sluice flows`, run: a replay whose summary's flows are what is printed. */
import { flowLines, flowTableText } from '../../replay/report/flows.ts';
import { FdOutput } from '../../replay/report/index.ts';
import { laddersSvg } from '../../replay/report/ladder-svg.ts';
import { ladderText } from '../../replay/report/ladder.ts';
import type { Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import type { FlowsCommandOptions } from './flows.ts';
import { finished, watch } from './watch.ts';

export function runFlowsCommand(captures: readonly string[], options: FlowsCommandOptions, io: Io): number {
  if (options.svg === '-' && options.json === true) {
    throw new UsageError('--json and --svg - both want standard output', 'flows');
  }
  const summary = watch(captures, options, 'flows');
  const flows = summary.flows.filter(({ id }) => options.flow === undefined || id === options.flow);
  if (options.svg !== undefined) {
    const file = FdOutput.create(options.svg);
    file.write(laddersSvg(flows));
    file.close();
  }
  if (options.json === true) {
    io.out.write(flowLines(flows));
  } else if (options.svg !== '-') {
    io.out.write(flowTableText(flows, summary.lastTimeUs ?? 0));
    if (options.ladder === true) for (const flow of flows) io.out.write(`\n${ladderText(flow)}`);
  }
  return finished(summary, io);
}
