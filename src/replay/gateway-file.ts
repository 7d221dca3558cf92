/**
 * Gateway files, YAML or JSON. What they may say is checked where it is used (stack/config.ts); the complaints name a
 * path in the file, such as `interfaces.eth0.mtu`, and here that becomes a line.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { SluiceError, type Place } from '../base/errors.ts';
import type { SourceText } from './options.ts';

export interface GatewayFile {
  readonly value: unknown;
  readonly file: string;
  /** A complaint about the content with the line it is about; any other error as it is. */
  locate(error: unknown): unknown;
}

export function parseGatewayFile({ text, file }: SourceText): GatewayFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const [problem] = document.errors;
  if (problem !== undefined) throw new SluiceError('GATEWAY', problem.message, placeOf(problem.pos[0]));
  return {
    value: toValue(document, file),
    file,
    locate(error) {
      if (!(error instanceof SluiceError) || error.code !== 'GATEWAY' || error.place.line !== undefined) {
        return error;
      }
      const offset = offsetOf(document.contents, error.message, 0);
      const place = text.trim() === '' ? { file } : { file, line: placeOf(offset).line };
      return new SluiceError(error.code, error.message, place);
    },
  };
}

function toValue(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // Aliases that lead nowhere, or that multiply beyond reason.
    throw new SluiceError('GATEWAY', error instanceof Error ? error.message : String(error), { file });
  }
}

/**
 * Where the path that `text` begins with leads in the document. Keys may themselves contain dots (`eth0.5`, sysctls), so
 * at every step the longest key that fits is taken; where the path leads on to what is not there, its parent counts.
 */
function offsetOf(node: Node | null, text: string, fallback: number): number {
  const here = node?.range?.[0] ?? fallback;
  if (isMap(node)) {
    let best: { readonly key: string; readonly offset: number; readonly value: Node | null } | null = null;
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const name = String(key.value);
      if (!text.startsWith(name) || !/^([.[:]|$)/.test(text.slice(name.length))) continue;
      if (best === null || name.length > best.key.length) {
        best = { key: name, offset: key.range?.[0] ?? here, value: value as Node | null };
      }
    }
    if (best === null) return here;
    const rest = text.slice(best.key.length);
    return rest.startsWith('.')
      ? offsetInside(best.value, rest.slice(1), best.offset)
      : rest.startsWith('[')
        ? offsetInside(best.value, rest, best.offset)
        : best.offset;
  }
  const index = /^\[(\d+)\]\.?/.exec(text);
  if (isSeq(node) && index !== null) {
    const item = node.items[Number(index[1])] as Node | undefined;
    return item === undefined ? here : offsetOf(item, text.slice(index[0].length), here);
  }
  return here;
}

/** Below a key, the key's own line is a better answer than where its value begins. */
function offsetInside(value: Node | null, text: string, keyOffset: number): number {
  const inside = offsetOf(value, text, keyOffset);
  return inside === value?.range?.[0] ? keyOffset : inside;
}
