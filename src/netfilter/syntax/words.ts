/**
 * Splits a line of a rules file into words as iptables-restore does: at blanks; between double quotes blanks count as
 * text and a backslash takes the next character as it is; a closing quote ends the word.
 */

/** Puts the words into `out` and returns their number, or -1 when a quote is left open. */
export function splitWords(line: string, out: string[]): number {
  let count = 0;
  let at = 0;
  const end = line.length;
  for (;;) {
    while (at < end && isBlank(line.charCodeAt(at))) at++;
    if (at >= end) return count;
    const start = at;
    let code = line.charCodeAt(at);
    while (!isBlank(code) && code !== QUOTE) {
      if (++at >= end) break;
      code = line.charCodeAt(at);
    }
    if (at < end && code === QUOTE) {
      const close = closingQuote(line, at + 1);
      if (close < 0) return -1;
      out[count++] = line.slice(start, at) + unescape(line.slice(at + 1, close));
      at = close + 1;
    } else {
      out[count++] = line.slice(start, at);
    }
  }
}

/** The 1-based column at which word `index` begins; one past the line's end for words that aren't there. */
export function wordColumn(line: string, index: number): number {
  const words: string[] = [];
  for (let length = 1, seen = 0; length <= line.length; length++) {
    // The first prefix of the line that shows one word more ends with that word's first character.
    const count = splitWords(line.slice(0, length), words);
    const now = count < 0 ? seen + 1 : count;
    if (now > index) return length;
    seen = Math.max(seen, count);
  }
  return line.length + 1;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function closingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([^])/g, '$1') : text;
}
