/**
 * Configuration files, YAML or JSON, as plain data. What they may say is checked where it is used; the complaints name a
 * path in the file, such as `interfaces.eth0.mtu` (plain-object.ts), and here that becomes a line.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { SluiceError, type Place } from './errors.ts';
import { CONFIG_ERROR } from './plain-object.ts';

export interface ConfigFile {
  readonly value: unknown;
  readonly file: string;
  /** A complaint about the content with the line it is about; any other error as it is. */
  locate(error: unknown): unknown;
  /** Where the value of a path begins, as far as the path leads; the file alone where it leads nowhere. */
  placeOf(path: string): Place;
}

export function parseConfigFile({
  text,
  file,
}: {
  readonly text: string;
  readonly file: string;
}): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const lineOf = (path: string): Place => {
    const { contents } = document;
    const offset = offsetOf(contents, path) ?? contents?.range?.[0];
    return offset === undefined ? { file } : { file, line: placeOf(offset).line };
  };
  const [problem] = document.errors;
  if (problem !== undefined) throw new SluiceError(CONFIG_ERROR, problem.message, placeOf(problem.pos[0]));
  return {
    value: toValue(document, file),
    file,
    locate(error) {
      if (!(error instanceof SluiceError) || error.code !== CONFIG_ERROR || error.place.line !== undefined) {
        return error;
      }
      return new SluiceError(error.code, error.message, lineOf(error.message));
    },
    placeOf: lineOf,
  };
}

/** The file, made into what it describes: complaints about its content name their line. */
export function readConfigFile<T>(
  source: { readonly text: string; readonly file: string },
  read: (file: ConfigFile) => T,
): T {
  const file = parseConfigFile(source);
  try {
    return read(file);
  } catch (error) {
    throw file.locate(error);
  }
}

function toValue(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // Aliases that lead nowhere, or that multiply beyond reason.
    throw new SluiceError(CONFIG_ERROR, error instanceof Error ? error.message : String(error), { file });
  }
}

/**
 * Where the path that `text` begins with leads in a node; null when it leads to nothing there. Keys may themselves contain
 * dots (`eth0.5`, sysctls), so at every step the longest key that fits is taken. Where the path goes on to what is not
 * there, its last key counts.
 */
function offsetOf(node: Node | null, text: string): number | null {
  if (isMap(node)) {
    let best: { readonly name: string; readonly key: Node; readonly value: Node | null } | null = null;
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const name = String(key.value);
      if (!text.startsWith(name) || !KEY_ENDS.test(text.slice(name.length))) continue;
      if (best === null || name.length > best.name.length) best = { name, key, value: value as Node | null };
    }
    if (best === null) return null;
    const rest = text.slice(best.name.length).replace(/^\./, '');
    return offsetOf(best.value, rest) ?? best.key.range?.[0] ?? null;
  }
  const index = /^\[(\d+)\]\.?/.exec(text);
  if (!isSeq(node) || index === null) return null;
  const item = node.items[Number(index[1])] as Node | undefined;
  if (item === undefined) return null;
  return offsetOf(item, text.slice(index[0].length)) ?? item.range?.[0] ?? null;
}

/** What may follow a key in a path: a further key, an index, or the complaint. */
const KEY_ENDS = /^([.[:]|$)/;
