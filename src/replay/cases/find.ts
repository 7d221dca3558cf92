/** Finds case files: those named, and those in the folders named and below them, in one order on every machine. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { SluiceError } from '../../base/errors.ts';
import { CASE_FILE_END } from './case-file.ts';

/** Throws a SluiceError for a path that is not there and for a folder without cases. */
export function findCases(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const one of paths) {
    const stats = fs.statSync(one, { throwIfNoEntry: false });
    if (stats === undefined) throw new SluiceError('FILE', 'no such file or directory', { file: one });
    if (!stats.isDirectory()) {
      found.add(one);
      continue;
    }
    const inside = casesBelow(one);
    if (inside.length === 0) {
      throw new SluiceError('CASE_NONE', `no case files in it (their names end in ${CASE_FILE_END})`, {
        file: one,
      });
    }
    for (const file of inside) found.add(file);
  }
  return [...found];
}

function casesBelow(folder: string): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  // By code unit, not by locale: the order is the same everywhere.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : casesBelow(file);
    }
    return entry.name.endsWith(CASE_FILE_END) ? [file] : [];
  });
}
