/** For people: a line for each case as it ends, what did not hold below it, a count at the end. */
import picocolors from 'picocolors';
import { escapeText } from '../../report/escape.ts';
import type { Output } from '../../report/output.ts';
import { explainFailure, type Palette } from '../explain.ts';
import type { CaseResult } from '../failure.ts';
import { seconds, type Reporter, type RunTotals } from './reporter.ts';

export class HumanReporter implements Reporter {
  private readonly out: Output;
  private readonly palette: Palette;

  constructor(out: Output, color: boolean) {
    const { green, red, dim, bold } = picocolors.createColors(color);
    this.out = out;
    this.palette = { good: green, bad: red, quiet: dim, strong: bold };
  }

  begin(): void {}

  result({ status, name, file, failures, errors, updated }: CaseResult): void {
    const { good, bad, quiet } = this.palette;
    const mark = status === 'passed' ? good('ok  ') : bad(status === 'failed' ? 'FAIL' : 'ERR ');
    const where = name === file ? '' : `  ${quiet(escapeText(file))}`;
    this.out.write(`${mark}  ${escapeText(name)}${where}\n`);
    for (const path of updated) this.out.write(`      updated ${escapeText(path)}\n`);
    for (const error of errors) this.out.write(`      ${bad(escapeText(error.describe()))}\n`);
    for (const failure of failures) {
      for (const line of explainFailure(failure, this.palette)) this.out.write(`      ${line}\n`);
    }
    // Whoever watches sees each case as it ends.
    this.out.flush();
  }

  end({ passed, failed, errors, notRun, updated, durationMs }: RunTotals): void {
    const { good, bad } = this.palette;
    const parts = [good(`${passed} passed`)];
    if (failed > 0) parts.push(bad(`${failed} failed`));
    if (errors > 0) parts.push(bad(`${errors} could not be run`));
    if (notRun > 0) parts.push(`${notRun} not run`);
    if (updated.length > 0) parts.push(`${updated.length} golden files updated`);
    this.out.write(`\n${parts.join(', ')} (${seconds(durationMs)})\n`);
    this.out.flush();
  }
}
