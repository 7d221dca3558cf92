/** Two frames, decoded, and the bytes around the first difference with a mark below it. */
import { describeFrame } from '../../wire/describe.ts';
import { fieldAt } from './frame-field.ts';

const ROW_BYTES = 16;
const LABEL = '          ';

/** Index of the first byte that differs, the shorter length included; -1 when the frames are the same. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? -1 : shorter;
}

/** Lines without a line end; null stands for a frame that is not there. */
export function sideBySide(expected: Uint8Array | null, actual: Uint8Array | null): string[] {
  const lines = [`expected  ${words(expected)}`, `actual    ${words(actual)}`];
  if (expected === null || actual === null) return lines;
  const at = firstDifference(expected, actual);
  if (at < 0) return lines;
  const row = at - (at % ROW_BYTES);
  const offset = `0x${row.toString(16).padStart(4, '0')}  `;
  lines.push(`expected  ${offset}${hexRow(expected, row)}`);
  lines.push(`actual    ${offset}${hexRow(actual, row)}`);
  const field = fieldAt(expected.length > at ? expected : actual, at);
  const mark = `^^ byte ${at}${field === '' ? '' : `, ${field}`}`;
  lines.push(`${LABEL}${' '.repeat(offset.length + 3 * (at - row))}${mark}`);
  return lines;
}

function words(frame: Uint8Array | null): string {
  return frame === null ? 'no frame' : `${describeFrame(frame)}  (${frame.length} bytes)`;
}

function hexRow(frame: Uint8Array, row: number): string {
  const bytes = frame.subarray(row, row + ROW_BYTES);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
