/**
 * YAML read by a declaration: which keys there are, of which type, in which words a mistake is answered. Every value keeps
 * its place in the file (line and column), so that a failing expectation points at the line that states it. All
 * mistakes of a file are found in one reading.
 *
 * It knows nothing of cases or packets; the types are in values.ts, the declarations in *-keys.ts.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { SluiceError, type Place } from '../../base/errors.ts';
import { didYouMean } from '../../base/did-you-mean.ts';

/** How a value is read and how it is shown again. */
export interface ValueType<T> {
  /** What has to stand there: `a port or a range (1024-65535)`. */
  readonly words: string;
  /** Ends in `reader.fail` when something else stands there. */
  read(reader: YamlReader, node: Node): T;
  /** The value in words, for failures. */
  print(value: T): string;
}

/** One key of a map: its type and what it says. */
export interface Key<T> {
  readonly type: ValueType<T>;
  /** For the reference: what the key says, as a sentence without its period. */
  readonly about: string;
  /** YAML after `key: `, for the reference; has to be readable by `type` (a test sees to it). */
  readonly example: string;
}

export type Keys = Readonly<Record<string, Key<unknown>>>;

export type ValuesOf<K extends Keys> = {
  readonly [N in keyof K]?: K[N] extends Key<infer T> ? T : never;
};

/** A map that was read: values by key, and where each stands. */
export interface Entry<K extends Keys> {
  readonly values: ValuesOf<K>;
  readonly places: ReadonlyMap<string, Place>;
  readonly place: Place;
  /** The YAML of a key's value in one line, for the headline of a failure. */
  source(key: string): string;
}

/** A case file with mistakes in it: all of them. */
export class CaseFileError extends SluiceError {
  readonly mistakes: readonly SluiceError[];

  constructor(mistakes: readonly SluiceError[]) {
    const [first] = mistakes;
    super('CASE_FILE', first?.message ?? 'cannot be read', first?.place);
    this.name = 'CaseFileError';
    this.mistakes = mistakes;
  }
}

/** Thrown within a value; caught by the map around it, which notes the mistake and reads on. */
class Mistake {
  readonly error: SluiceError;

  constructor(error: SluiceError) {
    this.error = error;
  }
}

const SOURCE_LENGTH = 70;

export class YamlReader {
  readonly file: string;
  readonly mistakes: SluiceError[] = [];
  private readonly text: string;
  private readonly lines = new LineCounter();
  private readonly document: Document.Parsed;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    this.document = parseOrNote(text, this.lines, (message) => this.note(message, 0));
    // What follows a first error of syntax follows from it.
    const [error] = this.document.errors;
    if (error?.code === 'MULTIPLE_DOCS')
      this.note('one case a file: a second document begins here', error.pos[0]);
    else if (error !== undefined) this.note(error.message, error.pos[0]);
  }

  /** Reads the whole file; throws a CaseFileError for whatever is wrong in it. */
  read<T>(readRoot: (root: Node) => T): T {
    this.refuse();
    const { contents } = this.document;
    if (contents === null || (isScalar(contents) && contents.value === null)) this.note('is empty', 0);
    this.refuse();
    const result = this.attempt(() => readRoot(contents as Node));
    this.refuse();
    return result!;
  }

  /** Reads a map by its keys. Mistakes in values and unknown keys are noted, and the rest is read. */
  readMap<K extends Keys>(node: Node, keys: K, what: string): Entry<K> {
    const map = this.resolve(node);
    if (!isMap<Node, Node | null>(map)) return this.fail(node, `${what} has to be a map of keys and values`);
    const values: Record<string, unknown> = {};
    const places = new Map<string, Place>();
    const sources = new Map<string, string>();
    for (const { key, value } of map.items) {
      this.attempt(() => {
        const name = this.textOf(key, 'a key');
        const declared = keys[name] as Key<unknown> | undefined;
        if (declared === undefined || !Object.hasOwn(keys, name)) {
          return this.fail(key, `${what} has no key "${name}"${didYouMean(name, Object.keys(keys))}`);
        }
        if (value === null || (isScalar(value) && value.value === null)) {
          return this.fail(key, `"${name}" needs a value: ${declared.type.words}`);
        }
        places.set(name, this.place(key));
        sources.set(name, this.sourceOf(value));
        values[name] = declared.type.read(this, this.resolve(value));
      });
    }
    return {
      values: values as ValuesOf<K>,
      places,
      place: this.place(node),
      source: (key) => sources.get(key) ?? '',
    };
  }

  /** The members of a list; a single value is a list of one. */
  readList<T>(node: Node, read: (item: Node) => T): T[] {
    const list = this.resolve(node);
    if (!isSeq<Node>(list)) return [read(list)];
    const result: T[] = [];
    for (const item of list.items) {
      const value = this.attempt(() => [read(this.resolve(item))] as const);
      if (value !== undefined) result.push(value[0]);
    }
    return result;
  }

  isMap(node: Node): boolean {
    return isMap(this.resolve(node));
  }

  isList(node: Node): boolean {
    return isSeq(this.resolve(node));
  }

  /** Keys and values of a map whose keys are the user's own. */
  pairs(node: Node): { key: Node; value: Node }[] {
    const map = this.resolve(node);
    if (!isMap<Node, Node>(map)) return this.fail(node, 'has to be a map of keys and values');
    return map.items.map(({ key, value }) => {
      if (value === null) return this.fail(key, 'needs a value');
      return { key, value: this.resolve(value) };
    });
  }

  /** A plain value, as text as it was written (`0x10` stays `0x10`); fails when a map or list stands there. */
  textOf(node: Node, words: string): string {
    const scalar = this.resolve(node);
    if (!isScalar(scalar) || scalar.value === null) return this.fail(node, `expected ${words}`);
    return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
  }

  /** What YAML takes a plain value for: text, number, boolean; undefined for maps and lists. */
  scalarOf(node: Node): unknown {
    const scalar = this.resolve(node);
    return isScalar(scalar) ? scalar.value : undefined;
  }

  /** The value as plain data, whatever it is. */
  dataOf(node: Node): unknown {
    try {
      return this.resolve(node).toJS(this.document);
    } catch (error) {
      // Aliases that lead nowhere, or that multiply beyond reason.
      return this.fail(node, error instanceof Error ? error.message : String(error));
    }
  }

  /** A block of text (`key: |`): lines of the file before it, and columns before its lines. */
  blockOf(node: Node): { readonly linesBefore: number; readonly indent: number } {
    const scalar = this.resolve(node);
    const line = this.place(scalar).line ?? 1;
    const isBlock = isScalar(scalar) && (scalar.type === 'BLOCK_LITERAL' || scalar.type === 'BLOCK_FOLDED');
    if (!isBlock) return { linesBefore: line - 1, indent: 0 };
    const [indent = ''] = /^ *(?=\S)/m.exec(this.text.split('\n').slice(line).join('\n')) ?? [];
    return { linesBefore: line, indent: indent.length };
  }

  place(node: Node): Place {
    return this.placeAt(node.range?.[0] ?? 0);
  }

  /** Ends the reading of this value with a mistake. */
  fail(node: Node, message: string): never {
    throw new Mistake(new SluiceError('CASE_FILE', message, this.place(node)));
  }

  /** Notes a mistake and goes on. */
  complain(place: Place, message: string): void {
    this.mistakes.push(new SluiceError('CASE_FILE', message, place));
  }

  private resolve(node: Node): Node {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.document);
    return target ?? this.fail(node, `no anchor "${node.source}" is defined before`);
  }

  private attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      this.mistakes.push(error.error);
      return undefined;
    }
  }

  private note(message: string, offset: number): void {
    this.complain(this.placeAt(offset), message.replaceAll('\n', ' '));
  }

  private refuse(): void {
    if (this.mistakes.length > 0) throw new CaseFileError(this.mistakes);
  }

  private placeAt(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  private sourceOf(node: Node): string {
    const [start, end] = node.range ?? [0, 0];
    const line = this.text
      .slice(start, end)
      .replace(/(^|\s)#[^\n]*/g, '')
      .replace(/\s+/g, ' ')
      .trim();
    return line.length > SOURCE_LENGTH ? `${line.slice(0, SOURCE_LENGTH - 1)}…` : line;
  }
}

/** The parser is recursive: what is nested without end exhausts the stack, and is no YAML of a case. */
function parseOrNote(
  text: string,
  lineCounter: LineCounter,
  note: (message: string) => void,
): Document.Parsed {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false });
  } catch (error) {
    note(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return parseDocument('');
  }
}
