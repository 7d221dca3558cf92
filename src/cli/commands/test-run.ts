/** `sluice test`, run: options to a suite, its cases to the reporter asked for, its totals to an exit status. */
import {
  CASE_ENVIRONMENT,
  listCases,
  makeReporter,
  runSuite,
  type Reporter,
  type RunTotals,
  type SuiteProgress,
} from '../../replay/cases/index.ts';
import { escapeText, FdOutput, type Output } from '../../replay/report/index.ts';
import { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import type { TestCommandOptions } from './test.ts';

export async function runTestCommand(
  given: readonly string[],
  options: TestCommandOptions,
  io: Io,
): Promise<number> {
  const paths = given.length === 0 ? ['.'] : given;
  const { filter, bail, update } = options;
  if (options.list === true && update === true) {
    throw new UsageError('--list and --update exclude each other', 'test');
  }
  const cases = listCases({ paths, filter });
  if (options.list === true) {
    for (const { name, file } of cases) {
      io.out.write(name === file ? `${escapeText(file)}\n` : `${escapeText(name)}  ${escapeText(file)}\n`);
    }
    return ExitStatus.DONE;
  }
  // Made after the cases were found: no report replaces an older one for want of cases.
  const file =
    options.output === undefined || options.output === '-' ? null : FdOutput.create(options.output);
  const progress = new ProgressLine(io.err, options.progress ?? io.errIsTerminal);
  try {
    const color = isColored(options.color, io, file !== null);
    const reporter = progress.before(makeReporter(options.reporter, file ?? io.out, color));
    const suite = { bail, update, progress: progress.show };
    return statusOf(runSuite(cases, suite, reporter, CASE_ENVIRONMENT));
  } finally {
    progress.clear();
    file?.close();
  }
}

function statusOf({ failed, errors }: RunTotals): number {
  if (errors > 0) return ExitStatus.USAGE;
  return failed > 0 ? ExitStatus.NOT_MET : ExitStatus.DONE;
}

/** https://no-color.org: set and not empty. */
function isColored(choice: TestCommandOptions['color'], io: Io, toFile: boolean): boolean {
  if (choice !== 'auto') return choice === 'always';
  return !toFile && io.outIsTerminal && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
}

/** Milliseconds before a line shows, and between two: most suites are done by then. */
const PATIENCE_MS = 1000;
const CLEAR_LINE = '\r\x1b[K';

/** One line on a terminal that says which case runs; taken away before anything else is written. */
class ProgressLine {
  private readonly err: Output;
  private readonly wanted: boolean;
  private last = performance.now();
  private shown = false;

  constructor(err: Output, wanted: boolean) {
    this.err = err;
    this.wanted = wanted;
  }

  readonly show = ({ number, of, name, frames }: SuiteProgress): void => {
    const now = performance.now();
    if (!this.wanted || now - this.last < PATIENCE_MS) return;
    this.last = now;
    this.shown = true;
    const count = frames === 0 ? '' : `  ${frames.toLocaleString('en')} frames`;
    this.err.write(`${CLEAR_LINE}${number} of ${of}  ${escapeText(name)}${count}`);
    this.err.flush();
  };

  clear(): void {
    if (!this.shown) return;
    this.shown = false;
    this.err.write(CLEAR_LINE);
    this.err.flush();
  }

  /** The reporter, with the line out of its way. */
  before(reporter: Reporter): Reporter {
    return {
      begin: (cases) => reporter.begin(cases),
      result: (result) => {
        this.clear();
        reporter.result(result);
      },
      end: (totals) => {
        this.clear();
        reporter.end(totals);
      },
    };
  }
}
