/** `--trace`: the way of a packet under its line, one step a line, in the words of the kernel's TRACE. */
import type { Colors } from 'picocolors/types.js';
import type { TraceStep } from '../outcome.ts';
import { escapeText } from './escape.ts';
import { withoutFolders } from './outcome-text.ts';
import { padText, textWidth } from './text-width.ts';

const INDENT = '  ';

export function traceLines(steps: readonly TraceStep[], colors: Colors): string[] {
  const width = steps.reduce((most, { at }) => Math.max(most, textWidth(at)), 0);
  return steps.map(({ at, text, place }) => {
    const where = place === '' ? '' : `  ${colors.dim(escapeText(withoutFolders(place)))}`;
    return `${INDENT}${padText(escapeText(at), width)}  ${escapeText(text)}${where}`.trimEnd();
  });
}
