/** What the commands share that only watch: a replay with everything that helpers see collected. */
import { runReplay } from '../../replay/replay.ts';
import type { ReplaySummary } from '../../replay/summary.ts';
import { watchingRules } from '../../replay/watching-rules.ts';
import { ExitStatus } from '../exit-status.ts';
import { complain, type Io } from '../io.ts';
import { checkQuestion, explained, makeQuestion, readGateway, type QuestionOptions } from './question.ts';

/** With no rules given, every helper watches its usual port. */
export function watch(captures: readonly string[], options: QuestionOptions, command: string): ReplaySummary {
  checkQuestion(captures, options, command);
  const hasRules = options.rules !== undefined || options.rules6 !== undefined;
  const gateway = readGateway(options);
  try {
    const question = makeQuestion(captures, options, gateway, command);
    return runReplay(hasRules ? question : { ...question, ...watchingRules() }, { flows: true });
  } catch (error) {
    throw explained(error, gateway, command);
  }
}

/** The exit status, after complaints about captures that ended early. */
export function finished({ truncated }: ReplaySummary, io: Io): number {
  for (const cut of truncated) complain(io, cut.describe());
  io.err.flush();
  return truncated.length > 0 ? ExitStatus.CUT : ExitStatus.DONE;
}
