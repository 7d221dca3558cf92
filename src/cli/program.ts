/** From words to an exit status: finds the command, runs it, and says in one line what went wrong. */
import { SluiceError } from '../base/errors.ts';
import { OutputClosed } from '../replay/report/output.ts';
import type { CommandSpec } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { ExitStatus } from './exit-status.ts';
import { programHelp } from './help.ts';
import { complain, type Io } from './io.ts';
import { parseWords, UsageError } from './parse.ts';

export async function runProgram(
  words: readonly string[],
  io: Io,
  commands: readonly CommandSpec[] = COMMANDS,
): Promise<number> {
  try {
    if (words.length === 0) {
      io.err.write(programHelp(commands));
      io.err.flush();
      return ExitStatus.USAGE;
    }
    const status = await dispatch(words, io, commands);
    io.out.flush();
    return status;
  } catch (error) {
    return failure(error, io);
  }
}

async function dispatch(words: readonly string[], io: Io, commands: readonly CommandSpec[]): Promise<number> {
  const parsed = parseWords(words, commands);
  if (parsed.kind === 'help') {
    io.out.write(parsed.text);
    return ExitStatus.DONE;
  }
  return parsed.command.run(parsed.args, parsed.options as never, io);
}

/** What was reported before stays; the message goes to standard error. */
function failure(error: unknown, io: Io): number {
  try {
    if (!(error instanceof OutputClosed)) io.out.flush();
    const status = explain(error, io);
    io.err.flush();
    return status;
  } catch (closed) {
    if (closed instanceof OutputClosed) return ExitStatus.PIPE;
    throw closed;
  }
}

function explain(error: unknown, io: Io): number {
  if (error instanceof OutputClosed) return ExitStatus.PIPE;
  if (error instanceof UsageError) {
    const of = error.command === null ? '' : ` ${error.command}`;
    complain(io, error.message);
    io.err.write(`Try 'sluice${of} --help'.\n`);
    return ExitStatus.USAGE;
  }
  if (error instanceof SluiceError) {
    complain(io, error.describe());
    return ExitStatus.USAGE;
  }
  complain(io, `internal error: ${error instanceof Error ? error.message : String(error)}`);
  if (io.env['SLUICE_DEBUG'] && error instanceof Error) io.err.write(`${error.stack ?? ''}\n`);
  return ExitStatus.DEFECT;
}
