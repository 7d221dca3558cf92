/** One JSON object a line: `case` for each case as it ends, `end` with the counts. For programs; docs/regression-tests.md. */
import { formatPlace } from '../../../base/errors.ts';
import { describeFrame } from '../../../wire/describe.ts';
import { escapeJson } from '../../report/escape.ts';
import type { Output } from '../../report/output.ts';
import type { CaseResult, Difference, FailedPacket, Failure } from '../failure.ts';
import type { Reporter, RunTotals } from './reporter.ts';

export class JsonReporter implements Reporter {
  private readonly out: Output;

  constructor(out: Output) {
    this.out = out;
  }

  begin(): void {}

  result({ file, name, status, failures, errors, updated, frames, durationMs }: CaseResult): void {
    this.line({
      type: 'case',
      file,
      name,
      status,
      frames,
      durationMs: Math.round(durationMs),
      failures: failures.map(failureObject),
      errors: errors.map(({ code, message, place }) => ({ code, message, place: formatPlace(place) })),
      updated,
    });
    this.out.flush();
  }

  end(totals: RunTotals): void {
    this.line({ type: 'end', ...totals, durationMs: Math.round(totals.durationMs) });
    this.out.flush();
  }

  private line(object: object): void {
    this.out.write(`${escapeJson(JSON.stringify(object))}\n`);
  }
}

function failureObject({ place, title, message, packets, more, differences, details }: Failure): object {
  return {
    place: formatPlace(place),
    title,
    message,
    packets: packets.map(packetObject),
    more,
    differences: differences.map(differenceObject),
    details,
  };
}

function packetObject({ outcome, differences, expectedPath, trace }: FailedPacket): object {
  return {
    n: outcome.n,
    in: outcome.in,
    packet: describeFrame(outcome.frame),
    verdict: outcome.verdict,
    reason: outcome.reason,
    rule: outcome.rule,
    differences: differences.map(differenceObject),
    expectedPath,
    trace,
  };
}

function differenceObject({ name, expected, actual, place }: Difference): object {
  return { name, expected, actual, place: formatPlace(place) };
}
