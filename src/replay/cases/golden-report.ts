/**
 * Golden reports: one line of JSON for every packet and a last one for the whole, as `replay --json` writes them, less what
 * would change without the firewall's doing (traces, paths of files, counts of the capture itself).
 */
import * as fs from 'node:fs';
import type { PacketOutcome, TimerOutcome } from '../outcome.ts';
import { packetLine, timerLine } from '../report/json.ts';
import { readTextFile } from '../text-file.ts';
import type { ReplaySummary } from '../summary.ts';
import type { GoldenExpectation } from './case-file.ts';
import { makeFailure, type Failure } from './failure.ts';
import { missing, writeGolden, type Golden } from './golden.ts';

/** Lines that a failure shows around the first that differs. */
const SHOWN_BEFORE = 1;

export class GoldenReport implements Golden {
  private readonly expectation: GoldenExpectation;
  private readonly lines: string[] = [];
  private last = 0;

  constructor(expectation: GoldenExpectation) {
    this.expectation = expectation;
  }

  packet(outcome: PacketOutcome): void {
    this.last = outcome.n;
    this.lines.push(packetLine({ ...outcome, ruleObject: null, trace: [] }).trimEnd());
  }

  timer(outcome: TimerOutcome): void {
    this.lines.push(timerLine(outcome, this.last).trimEnd());
  }

  summary({ verdicts, tables, conntrack, expectations }: ReplaySummary): void {
    this.lines.push(JSON.stringify({ type: 'summary', verdicts, tables, conntrack, expectations }));
  }

  compare(): Failure | null {
    const { path, place, title } = this.expectation;
    if (!fs.existsSync(path)) return missing(this.expectation);
    const expected = readTextFile(path).text.trimEnd().split('\n');
    const { lines } = this;
    const at = Array.from({ length: Math.max(expected.length, lines.length) }, (_, i) => i).find(
      (i) => expected[i] !== lines[i],
    );
    if (at === undefined) return null;
    const wanted = expected[at];
    const actual = lines[at];
    const context = lines.slice(Math.max(0, at - SHOWN_BEFORE), at);
    return makeFailure({
      place,
      title,
      message: `line ${at + 1} differs${keysThatDiffer(wanted, actual)}`,
      details: [
        ...context.map((line) => `          ${line}`),
        `expected  ${wanted ?? 'the end'}`,
        `actual    ${actual ?? 'the end'}`,
      ],
    });
  }

  write(): void {
    writeGolden(this.expectation.path, `${this.lines.join('\n')}\n`);
  }
}

/** ` in verdict, rule`; the empty string when a line is not there or not of this form. */
function keysThatDiffer(expected: string | undefined, actual: string | undefined): string {
  if (expected === undefined || actual === undefined) return '';
  try {
    const a = JSON.parse(expected) as Record<string, unknown>;
    const b = JSON.parse(actual) as Record<string, unknown>;
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    const different = keys.filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
    return different.length === 0 ? '' : ` in ${different.join(', ')}`;
  } catch {
    return '';
  }
}
