/** The tables of docs/regression-tests.md, from the declarations of the keys of a case file. */
import { CASE_KEYS, SUBJECT_KEYS } from '../src/replay/cases/case-keys.ts';
import { FILTER_KEYS } from '../src/replay/cases/filter-keys.ts';
import { PACKET_KEYS } from '../src/replay/cases/packet-keys.ts';
import { TOTAL_KEYS } from '../src/replay/cases/total-keys.ts';
import type { Keys } from '../src/replay/cases/yaml-reader.ts';

/** What stands between the markers of the document, by marker. */
export function caseReference(): [name: string, content: string][] {
  return [
    ['keys of a case', table(CASE_KEYS)],
    ['subjects', table(SUBJECT_KEYS)],
    ['keys of a filter', table(FILTER_KEYS)],
    ['keys of a packet', table(PACKET_KEYS)],
    ['keys of the totals', table(TOTAL_KEYS)],
  ];
}

function table(keys: Keys): string {
  const rows = Object.entries(keys).map(([name, { type, about, example }]) =>
    [`\`${name}\``, about, type.words, `\`${name}: ${example}\``].map(cell).join(' | '),
  );
  return [
    '| key | what it says | value | example |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
