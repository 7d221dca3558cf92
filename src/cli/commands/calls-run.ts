/** `sluice calls`, run: a replay whose summary's calls are what is printed. */
import { callFields, callTableText } from '../../replay/report/calls.ts';
import { escapeJson } from '../../replay/report/escape.ts';
import type { Io } from '../io.ts';
import type { CallsCommandOptions } from './calls.ts';
import { finished, watch } from './watch.ts';

export function runCallsCommand(captures: readonly string[], options: CallsCommandOptions, io: Io): number {
  const summary = watch(captures, options, 'calls');
  if (options.json === true) {
    for (const call of summary.calls) {
      io.out.write(`${escapeJson(JSON.stringify({ type: 'call', ...callFields(call) }))}\n`);
    }
  } else {
    io.out.write(callTableText(summary.calls));
  }
  return finished(summary, io);
}
