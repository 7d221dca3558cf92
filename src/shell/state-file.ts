/**
 * The state file as text. The first line is JSON: the version, how long what follows is, sets and accounting objects. The
 * rules follow as they are printed, IPv4 before IPv6, so that a file of 100,000 rules is read at the speed of the disk:
 *
 *     {"version":2,"v4":1234,"v6":0,"objects":{…}}
 *     *filter
 *     :INPUT ACCEPT [0:0]
 *     …
 */
import { SluiceError } from '../base/errors.ts';
import { NO_OBJECTS, type ObjectsContent } from './objects-state.ts';

const FORMAT = 2;

export interface StateContent {
  /** Tables with their counters, in the order of their making. */
  readonly v4: string;
  readonly v6: string;
  readonly objects: ObjectsContent;
}

export const NOTHING: StateContent = { v4: '', v6: '', objects: NO_OBJECTS };

interface Header {
  readonly version: typeof FORMAT;
  /** Lengths in characters of UTF-16. */
  readonly v4: number;
  readonly v6: number;
  readonly objects: ObjectsContent;
}

export function formatState({ v4, v6, objects }: StateContent): string {
  const header: Header = { version: FORMAT, v4: v4.length, v6: v6.length, objects };
  return `${JSON.stringify(header)}\n${v4}${v6}`;
}

/** Throws SluiceError. */
export function parseState(text: string, file: string): StateContent {
  const begin = text.indexOf('\n') + 1;
  const header = readHeader(text.slice(0, begin));
  if (header === null || begin + header.v4 + header.v6 !== text.length) {
    throw new SluiceError('STATE', 'this is no state file of Sluice, or of another version', { file });
  }
  const middle = begin + header.v4;
  return { v4: text.slice(begin, middle), v6: text.slice(middle), objects: header.objects };
}

function readHeader(line: string): Header | null {
  try {
    const header = JSON.parse(line) as Partial<Header> | null;
    const isHeader =
      header?.version === FORMAT && typeof header.v4 === 'number' && typeof header.v6 === 'number';
    return isHeader && typeof header.objects === 'object' ? (header as Header) : null;
  } catch {
    return null;
  }
}

const TABLE_END = '\nCOMMIT\n';

/** The rules of a family, table by table. */
export function splitTables(text: string): readonly string[] {
  const tables: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = text.indexOf(TABLE_END, start) + TABLE_END.length;
    tables.push(text.slice(start, end));
    start = end;
  }
  return tables;
}
