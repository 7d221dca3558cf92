/**
 * JUnit's XML, as Jenkins, GitLab and their like read it: one suite, a test case for each case. What did not hold is a
 * failure, a case that could not be run is an error. It is written at the end, since the counts stand in front.
 */
import type { Output } from '../../report/output.ts';
import { explainFailure } from '../explain.ts';
import type { CaseResult } from '../failure.ts';
import type { Reporter, RunTotals } from './reporter.ts';

export class JunitReporter implements Reporter {
  private readonly out: Output;
  private readonly results: CaseResult[] = [];

  constructor(out: Output) {
    this.out = out;
  }

  begin(): void {}

  result(result: CaseResult): void {
    this.results.push(result);
  }

  end({ failed, errors, notRun, durationMs }: RunTotals): void {
    const { out, results } = this;
    const counts = attributes({
      tests: results.length,
      failures: failed,
      errors,
      skipped: 0,
      time: (durationMs / 1000).toFixed(3),
    });
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n');
    out.write(`<testsuites${attributes({ name: 'sluice' })}${counts}>\n`);
    out.write(`  <testsuite${attributes({ name: 'sluice' })}${counts}>\n`);
    for (const result of results) out.write(testCase(result));
    if (notRun > 0) out.write(`    <system-out>${escapeXml(`${notRun} cases not run`)}</system-out>\n`);
    out.write('  </testsuite>\n</testsuites>\n');
    out.flush();
  }
}

function testCase({ name, file, durationMs, failures, errors }: CaseResult): string {
  const head = attributes({ name, classname: file, file, time: (durationMs / 1000).toFixed(3) });
  const problems = [
    ...failures.map((failure) => {
      const message = `${failure.title}: ${failure.message}`;
      return element('failure', message, 'expectation', explainFailure(failure).join('\n'));
    }),
    ...errors.map((error) => element('error', error.message, error.code, error.describe())),
  ];
  if (problems.length === 0) return `    <testcase${head}/>\n`;
  return `    <testcase${head}>\n${problems.join('')}    </testcase>\n`;
}

function element(tag: string, message: string, type: string, text: string): string {
  return `      <${tag}${attributes({ message, type })}>${escapeXml(text)}</${tag}>\n`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('');
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
]);

/** Characters that XML 1.0 does not have, not even escaped, become a question mark. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/[&<>"]/g, (char) => ENTITIES.get(char)!);
}
