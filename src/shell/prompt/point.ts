/** Complaints that point at the word they are about. */

/** A line, and where it begins on the screen; null where it can not be seen. */
export interface Typed {
  readonly text: string;
  readonly column: number | null;
}

/** Carets under columns `start` to `end` of what was typed; above them the line itself where it can not be seen. */
export function pointer({ text, column }: Typed, start: number, end: number): string {
  const line = column === null ? `${text}\n` : '';
  return `${line}${' '.repeat((column ?? 0) + start)}${'^'.repeat(Math.max(1, end - start))}\n`;
}

/** Quotes that programs put around the word they do not understand: `x', 'x', "x". */
const QUOTED = /[`'"]([^`'"\n]+)['"]/g;

/** The number of the word that a complaint names, the last of those that are the same; -1 when it names none. */
export function mistakenWord(complaint: string, argv: readonly string[]): number {
  // Advice on where there is help stands behind, and quotes too.
  const [first = ''] = complaint.split(/\n.*(?:--help|Try )/);
  for (const [, text] of first.matchAll(QUOTED)) {
    const at = argv.lastIndexOf(text!);
    if (at > 0) return at;
  }
  return -1;
}
