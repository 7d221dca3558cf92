/** What a command may use of the process around it; tests hand over their own. */
import { SluiceError } from '../base/errors.ts';
import { readBoundedText, STDIN_FD } from '../replay/bounded-text.ts';
import { escapeText } from '../replay/report/escape.ts';
import { FdOutput, type Output } from '../replay/report/output.ts';

export interface Io {
  readonly out: Output;
  readonly err: Output;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Width of the terminal that `out` is; 0 when it is none, and lines are as long as they are. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function processIo(): Io {
  const { stdout, stderr, env } = process;
  return {
    out: new FdOutput(1, 'standard output'),
    err: new FdOutput(2, 'standard error'),
    outIsTerminal: stdout.isTTY === true,
    errIsTerminal: stderr.isTTY === true,
    columns: stdout.isTTY ? stdout.columns : 0,
    env,
  };
}

/** All of standard input, as text; throws SluiceError where it is too long or cannot be read. */
export function readStandardInput(): string {
  try {
    return readBoundedText(STDIN_FD);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('INPUT', `standard input cannot be read: ${(error as Error).message}`);
  }
}

/** Every line of standard error that is ours begins so. */
export function complain(io: Io, message: string): void {
  io.err.write(`sluice: ${escapeText(message)}\n`);
}
