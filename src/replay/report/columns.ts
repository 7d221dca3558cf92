/** Rows of text in columns that line up, for the parts of a report that are known as a whole. */
import { cutText, padText, padTextStart, textWidth } from './text-width.ts';

export interface Column {
  readonly align?: 'left' | 'right';
  /** The column that gives way when a row does not fit. */
  readonly flexible?: boolean;
  /** Applied to the padded text: colours take no columns. */
  readonly paint?: (text: string) => string;
}

const GAP = '  ';
/** A flexible column is never cut below this. */
const LEAST = 16;

/** Lines without line ends; `width` 0 for as wide as needed. */
export function formatRows(
  rows: readonly (readonly string[])[],
  columns: readonly Column[],
  indent: string,
  width: number,
): string[] {
  const widths = columnWidths(rows, columns.length);
  const flexible = columns.findIndex((column) => column.flexible === true);
  if (width > 0 && flexible >= 0) {
    const all = rowsWidth(rows, indent);
    if (all > width) widths[flexible] = Math.max(LEAST, widths[flexible]! - (all - width));
  }
  return rows.map((row) => {
    const cells = columns.map((column, i) => {
      const text = cutText(row[i] ?? '', widths[i]!);
      const last = i === columns.length - 1 && column.align !== 'right';
      const padded =
        column.align === 'right' ? padTextStart(text, widths[i]!) : last ? text : padText(text, widths[i]!);
      return column.paint === undefined ? padded : column.paint(padded);
    });
    return (indent + cells.join(GAP)).trimEnd();
  });
}

/** How wide the rows are when nothing gives way. */
export function rowsWidth(rows: readonly (readonly string[])[], indent: string): number {
  const widths = columnWidths(rows, rows[0]?.length ?? 0);
  return indent.length + widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
}

function columnWidths(rows: readonly (readonly string[])[], count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    rows.reduce((most, row) => Math.max(most, textWidth(row[i] ?? '')), 0),
  );
}
