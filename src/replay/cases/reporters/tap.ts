/** TAP version 14 (testanything.org): a test point for each case, what did not hold in a YAML block below it. */
import { stringify } from 'yaml';
import { escapeText } from '../../report/escape.ts';
import type { Output } from '../../report/output.ts';
import { explainFailure } from '../explain.ts';
import type { CaseResult } from '../failure.ts';
import type { Reporter, RunTotals } from './reporter.ts';

export class TapReporter implements Reporter {
  private readonly out: Output;
  private number = 0;

  constructor(out: Output) {
    this.out = out;
  }

  begin(cases: number): void {
    this.out.write(`TAP version 14\n1..${cases}\n`);
  }

  result(result: CaseResult): void {
    const { status, name, updated } = result;
    this.number++;
    this.out.write(`${status === 'passed' ? 'ok' : 'not ok'} ${this.number} - ${description(name)}\n`);
    if (status !== 'passed') this.out.write(diagnostics(result));
    for (const path of updated) this.out.write(`# updated ${escapeText(path)}\n`);
    this.out.flush();
  }

  end({ passed, failed, errors, notRun }: RunTotals): void {
    if (notRun > 0) this.out.write('Bail out! a case did not pass\n');
    this.out.write(`# passed ${passed}\n# failed ${failed}\n# could not be run ${errors}\n`);
    this.out.flush();
  }
}

/** A number sign would begin a directive, and a backslash escapes it. */
function description(name: string): string {
  return escapeText(name).replace(/[\\#]/g, '\\$&');
}

function diagnostics({ status, file, failures, errors }: CaseResult): string {
  const [place] = [...failures.map((failure) => failure.place), ...errors.map((error) => error.place)];
  const message = [
    ...failures.map(({ title, message }) => `${title}: ${message}`),
    ...errors.map((error) => error.describe()),
  ];
  const block = {
    message: escapeText(message.join('; ')),
    severity: status === 'failed' ? 'fail' : 'error',
    at: { file, line: place?.line ?? 1, column: place?.column ?? 1 },
    failures: failures.map((failure) => `${explainFailure(failure).join('\n')}\n`),
  };
  const yaml = stringify(block, { lineWidth: 0 }).trimEnd().split('\n');
  return ['  ---', ...yaml.map((line) => (line === '' ? '' : `  ${line}`)), '  ...', ''].join('\n');
}
