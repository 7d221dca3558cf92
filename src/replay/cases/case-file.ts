/**
 * A case file read: what to replay, and what to expect. Paths in it are taken from where the file stands. Everything that
 * can be said of a case without running it is said here, with file, line and column.
 */
import * as path from 'node:path';
import { SluiceError, type Place } from '../../base/errors.ts';
import { FileSource } from '../../capture/index.ts';
import { parseConfigFile, type ConfigFile } from '../../base/config-file.ts';
import type { ReplayOptions, SourceText } from '../options.ts';
import { readTextFile } from '../text-file.ts';
import type { EXPECTATION_KEYS } from './case-keys.ts';
import {
  CASE_KEYS,
  SUBJECT_KEYS,
  type ExpectationEntry,
  type GatewayUse,
  type TextUse,
} from './case-keys.ts';
import type { Filter } from './filter-keys.ts';
import type { Range } from './net-values.ts';
import { PACKET_KEYS } from './packet-keys.ts';
import type { TOTAL_KEYS } from './total-keys.ts';
import type { Count } from './values.ts';
import { CaseFileError, YamlReader, type Entry, type ValuesOf } from './yaml-reader.ts';

/** Case files are recognised by this end of their names. */
export const CASE_FILE_END = '.case.yaml';

export type Selection =
  | { readonly kind: 'packets'; readonly ranges: readonly Range[] }
  | { readonly kind: 'all' | 'any' | 'none'; readonly filter: Filter }
  | { readonly kind: 'count'; readonly count: Count; readonly filter: Filter | null };

interface ExpectationBase {
  /** What it speaks of, in the words of the file: `all { proto: tcp, dport: 22 }`. */
  readonly title: string;
  readonly place: Place;
}
export interface PacketExpectation extends ExpectationBase {
  readonly kind: 'packet';
  readonly selection: Selection;
  readonly says: ValuesOf<typeof PACKET_KEYS>;
  readonly places: ReadonlyMap<string, Place>;
}
export interface TotalsExpectation extends ExpectationBase {
  readonly kind: 'totals';
  readonly totals: Entry<typeof TOTAL_KEYS>;
}
export interface GoldenExpectation extends ExpectationBase {
  readonly kind: 'golden' | 'goldenJson';
  readonly path: string;
}
export type Expectation = PacketExpectation | TotalsExpectation | GoldenExpectation;

export interface RegressionCase {
  readonly file: string;
  readonly name: string;
  readonly about: string;
  readonly options: ReplayOptions;
  readonly acceptCut: boolean;
  readonly expectations: readonly Expectation[];
  /** A complaint about the gateway or about rules in the case with its place; any other error as it is. */
  locate(error: unknown): unknown;
}

/** Reads a case; throws a CaseFileError with all its mistakes. */
export function loadCase(file: string): RegressionCase {
  try {
    return parseCase(readTextFile(file).text, file);
  } catch (error) {
    throw error instanceof SluiceError && !(error instanceof CaseFileError)
      ? new CaseFileError([error])
      : error;
  }
}

export function parseCase(yaml: string, file: string): RegressionCase {
  const reader = new YamlReader(yaml, file);
  return reader.read((root) => {
    const entry = reader.readMap(root, CASE_KEYS, 'a case');
    const { values } = entry;
    for (const key of ['name', 'captures', 'expect'] as const) {
      // A key that is there and wrong has been complained of.
      if (values[key] === undefined && !entry.places.has(key)) {
        reader.complain(entry.place, `a case needs "${key}": ${CASE_KEYS[key].about}`);
      }
    }
    const load = new Loader(reader, path.dirname(file), entry.places);
    const expectations = (values.expect ?? []).flatMap((one) => load.expectation(one) ?? []);
    const gateway = load.gateway(values.gateway);
    return {
      file,
      name: values.name ?? '',
      about: (values.about ?? '').trim(),
      acceptCut: values.cutCaptures === 'accept',
      expectations,
      locate: (error) => indented(gateway?.locate(error) ?? error, file, [values.rules, values.rules6]),
      options: {
        rules: load.rules('rules', values.rules),
        rules6: load.rules('rules6', values.rules6),
        gateway,
        inputs: (values.captures ?? []).map((use) => ({ iface: use.iface, path: load.capture(use.path) })),
        inside: values.inside?.map(({ text }) => text),
        host: values.host?.map(({ text }) => text),
        insideInterface: values.insideInterface,
        outsideInterface: values.outsideInterface,
        closedLoop: values.closedLoop,
        checksums: values.checksums,
        seed: values.seed,
        engine: values.engine,
      },
    };
  });
}

type GatewayWithPlaces = Pick<ConfigFile, 'value' | 'file' | 'locate'>;

class Loader {
  private readonly reader: YamlReader;
  private readonly folder: string;
  private readonly places: ReadonlyMap<string, Place>;

  constructor(reader: YamlReader, folder: string, places: ReadonlyMap<string, Place>) {
    this.reader = reader;
    this.folder = folder;
    this.places = places;
  }

  rules(key: 'rules' | 'rules6', use: TextUse | undefined): SourceText | undefined {
    if (use === undefined) return undefined;
    if (use.kind === 'text') return { text: use.text, file: this.reader.file };
    return this.attempt(key, () => readTextFile(path.join(this.folder, use.path)));
  }

  gateway(use: GatewayUse | undefined): GatewayWithPlaces | undefined {
    if (use === undefined) return undefined;
    if (use.kind === 'path') {
      return this.attempt('gateway', () => parseConfigFile(readTextFile(path.join(this.folder, use.path))));
    }
    const place = this.places.get('gateway')!;
    const locate = (error: unknown) =>
      error instanceof SluiceError && error.code === 'GATEWAY'
        ? new SluiceError(error.code, error.message, place)
        : error;
    return { value: use.value, file: this.reader.file, locate };
  }

  capture(name: string): string {
    const file = path.join(this.folder, name);
    // Opened and closed again: what can be said now, with the line that names it, is not left for later.
    this.attempt('captures', () => FileSource.open(file).close());
    return file;
  }

  /** Null when it was complained of. */
  expectation(entry: ExpectationEntry): Expectation | null {
    const { values, places, place } = entry;
    const subjects = Object.keys(SUBJECT_KEYS).filter((key) => key !== 'where' && places.has(key));
    const said = Object.keys(PACKET_KEYS).filter((key) => places.has(key));
    const [subject] = subjects;
    if (subject === undefined || subjects.length > 1) {
      const found = subjects.length === 0 ? '' : `, not of ${subjects.join(' and ')}`;
      const known = Object.keys(SUBJECT_KEYS).filter((key) => key !== 'where');
      return this.refuse(place, `an expectation speaks of one thing (${known.join(', ')})${found}`);
    }
    if (places.has('where') && subject !== 'count') {
      return this.refuse(
        places.get('where')!,
        `"where" belongs to "count"; "${subject}" takes its filter itself`,
      );
    }
    const base = { title: titleOf(entry, subject), place };
    const { golden, goldenJson, totals } = values;
    if (subject === 'totals' || subject === 'golden' || subject === 'goldenJson') {
      const [stray] = said;
      if (stray !== undefined) {
        return this.refuse(
          places.get(stray)!,
          `"${stray}" speaks of a packet and cannot stand beside "${subject}"`,
        );
      }
      if (totals !== undefined) {
        if (totals.places.size === 0) return this.refuse(place, '"totals" says nothing');
        return { ...base, kind: 'totals', totals };
      }
      const file = golden ?? goldenJson;
      // A value that could not be read has been complained of.
      if (file === undefined) return null;
      return {
        ...base,
        kind: subject === 'golden' ? 'golden' : 'goldenJson',
        path: path.join(this.folder, file),
      };
    }
    if (said.length === 0 && ['packet', 'packets', 'all'].includes(subject)) {
      return this.refuse(place, `the expectation says nothing of ${base.title} (verdict, rule, out …)`);
    }
    const selection = selectionOf(values);
    if (selection === null) return null;
    const says = Object.fromEntries(said.map((key) => [key, values[key as keyof typeof values]]));
    return { ...base, kind: 'packet', selection, says, places };
  }

  /** What stops a file from being read is a mistake at the key that names the file. */
  private attempt<T>(key: string, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // A mistake inside the file is reported where it stands, a missing file where it is named.
      const inside = error.place.line !== undefined;
      this.reader.complain(
        inside ? error.place : (this.places.get(key) ?? { file: this.reader.file }),
        inside ? error.message : `${key}: ${error.describe()}`,
      );
      return undefined;
    }
  }

  private refuse(place: Place, message: string): null {
    this.reader.complain(place, message);
    return null;
  }
}

/** A complaint about rules that the case file holds, with the column that it has there. */
function indented(error: unknown, file: string, uses: readonly (TextUse | undefined)[]): unknown {
  const inside = error instanceof SluiceError && error.place.file === file ? error : null;
  const use = uses.find((one) => one?.kind === 'text');
  if (inside?.place.column === undefined || use?.kind !== 'text' || !inside.code.startsWith('RULE'))
    return error;
  const place = { ...inside.place, column: inside.place.column + use.indent };
  return new SluiceError(inside.code, inside.message, place);
}

function selectionOf(values: ValuesOf<typeof EXPECTATION_KEYS>): Selection | null {
  const { packet, packets, all, any, none, count, where } = values;
  if (packet !== undefined) return { kind: 'packets', ranges: [packet] };
  if (packets !== undefined) return { kind: 'packets', ranges: packets };
  if (all !== undefined) return { kind: 'all', filter: all };
  if (any !== undefined) return { kind: 'any', filter: any };
  if (none !== undefined) return { kind: 'none', filter: none };
  return count === undefined ? null : { kind: 'count', count, filter: where ?? null };
}

function titleOf(entry: ExpectationEntry, subject: string): string {
  if (subject === 'totals') return 'totals';
  const where = subject === 'count' && entry.places.has('where') ? ` where ${entry.source('where')}` : '';
  return `${subject} ${entry.source(subject)}${where}`;
}
