/**
 * A line typed at the prompt, in words as a shell has them: quotes and backslashes, `#` for a remark, `< FILE`, `> FILE`,
 * `>> FILE`, and `&` at the end. Each word knows where it stands, so that a complaint can point at it. No variables, no
 * pipes, no patterns: those are the shell's around us.
 */
export interface Word {
  readonly text: string;
  /** Columns, from 0; `end` is behind it. */
  readonly start: number;
  readonly end: number;
}

export interface Line {
  readonly words: readonly Word[];
  /** `< FILE` */
  readonly input: string | null;
  /** `> FILE`, `>> FILE` */
  readonly output: { readonly path: string; readonly append: boolean } | null;
  /** `&` */
  readonly background: boolean;
}

export class LineMistake extends Error {
  readonly column: number;

  constructor(message: string, column: number) {
    super(message);
    this.name = 'LineMistake';
    this.column = column;
  }
}

type Piece = Word & { readonly isSign: boolean };

/** Throws LineMistake. */
export function readLine(text: string): Line {
  const words: Word[] = [];
  let input: string | null = null;
  let output: Line['output'] = null;
  let background = false;
  const pieces = piecesOf(text);
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i]!;
    const { text: word, start, end } = piece;
    if (background) throw new LineMistake('nothing may follow &', piece.start);
    if (!piece.isSign) words.push({ text: word, start, end });
    else if (piece.text === '&') background = true;
    else {
      const file = pieces[++i];
      if (file === undefined || file.isSign) {
        throw new LineMistake(`a file has to follow ${piece.text}`, piece.start);
      }
      if (piece.text === '<') input = file.text;
      else output = { path: file.text, append: piece.text === '>>' };
    }
  }
  return { words, input, output, background };
}

const SIGNS = ['>>', '>', '<', '&'] as const;

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(text[at])) at++;
    if (at >= text.length || text[at] === '#') return pieces;
    const sign = SIGNS.find((one) => text.startsWith(one, at));
    if (sign !== undefined) {
      pieces.push({ text: sign, start: at, end: at + sign.length, isSign: true });
      at += sign.length;
      continue;
    }
    const word = wordAt(text, at);
    pieces.push({ ...word, isSign: false });
    at = word.end;
  }
}

function wordAt(text: string, start: number): Word {
  let word = '';
  let at = start;
  while (at < text.length && !isBlank(text[at]) && !SIGNS.some((sign) => text.startsWith(sign, at))) {
    const char = text[at]!;
    if (char === "'" || char === '"') {
      const quoted = quotedAt(text, at, char);
      word += quoted.text;
      at = quoted.end;
    } else if (char === '\\' && at + 1 < text.length) {
      word += text[at + 1]!;
      at += 2;
    } else {
      word += char;
      at++;
    }
  }
  return { text: word, start, end: at };
}

function quotedAt(
  text: string,
  start: number,
  quote: string,
): { readonly text: string; readonly end: number } {
  let inside = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === quote) return { text: inside, end: at + 1 };
    // Within double quotes a backslash takes away the meaning of a quote and of itself.
    if (quote === '"' && char === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) {
      inside += text[++at]!;
    } else inside += char;
  }
  throw new LineMistake('a quote that is not closed', start);
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r';
}
