/** The reporters by name. A new one is a file here and a line below. */
import type { Output } from '../../report/output.ts';
import { HumanReporter } from './human.ts';
import { JsonReporter } from './json.ts';
import { JunitReporter } from './junit.ts';
import type { Reporter } from './reporter.ts';
import { TapReporter } from './tap.ts';

export type { Reporter, RunTotals } from './reporter.ts';

const REPORTERS = {
  human: (out: Output, color: boolean): Reporter => new HumanReporter(out, color),
  tap: (out: Output): Reporter => new TapReporter(out),
  junit: (out: Output): Reporter => new JunitReporter(out),
  json: (out: Output): Reporter => new JsonReporter(out),
} as const;

export type ReporterName = keyof typeof REPORTERS;
export const REPORTER_NAMES = Object.keys(REPORTERS) as ReporterName[];

export function makeReporter(name: ReporterName, out: Output, color: boolean): Reporter {
  return REPORTERS[name](out, color);
}
