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
import { escapeText, FdOutput } from '../../replay/report/index.ts';
import { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { UsageError } from '../parse.ts';
import { ProgressLine } from '../progress-line.ts';
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
    const reporter = clearing(progress, makeReporter(options.reporter, file ?? io.out, color));
    const suite = { bail, update, progress: showOn(progress) };
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

/** Says which case runs. */
function showOn(line: ProgressLine): (progress: SuiteProgress) => void {
  return ({ number, of, name, frames }) =>
    line.show(() => {
      const count = frames === 0 ? '' : `  ${frames.toLocaleString('en')} frames`;
      return `${number} of ${of}  ${escapeText(name)}${count}`;
    });
}

/** The reporter, with the line out of its way. */
function clearing(line: ProgressLine, reporter: Reporter): Reporter {
  return {
    begin: (cases) => reporter.begin(cases),
    result: (result) => {
      line.clear();
      reporter.result(result);
    },
    end: (totals) => {
      line.clear();
      reporter.end(totals);
    },
  };
}
