/** A lab's run in words: every step with what its command printed and, on request, the way of every frame. */
import { formatPlace } from '../base/errors.ts';
import { pathText } from './path.ts';
import type { StepReport } from './run.ts';

export interface ReportOptions {
  /** Show the way of the frames of every step, not only of those that failed. */
  readonly frames: boolean;
}

export function stepText(
  { step, at, result, crossings, failures }: StepReport,
  { frames }: ReportOptions,
): string {
  const mark = failures.length === 0 ? '✔' : '✘';
  const lines = [`${mark} ${at.toFixed(3)} s  ${step.on}$ ${step.line}`];
  for (const line of result.output) lines.push(`    ${line}`);
  for (const { text, place } of failures) lines.push(`  ✘ ${formatPlace(place)}: ${text}`);
  if (frames || failures.length > 0) lines.push(...pathText(crossings).map((line) => `    ${line}`));
  return `${lines.join('\n')}\n`;
}

export function totalText(reports: readonly StepReport[]): string {
  const failed = reports.filter(({ failures }) => failures.length > 0).length;
  const steps = `${reports.length} step${reports.length === 1 ? '' : 's'}`;
  return failed === 0 ? `${steps}, all as expected\n` : `${steps}, ${failed} not as expected\n`;
}
