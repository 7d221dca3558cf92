/**
 * The bytes of a packet below its line, as tcpdump prints them:
 *
 *     -x                  -X, the same and as text                                         -A, as text alone
 *     0x0000:  4500 003c  0x0000:  4500 003c 0a1b 4000 4006 …  E..<..@.@.…                 E..<..@.@.…
 */

export type DumpForm = 'none' | 'hex' | 'hex and text' | 'text';

const BYTES_A_LINE = 16;
/** Of a line's bytes in hexadecimal, a blank before every two. */
const HEX_WIDTH = 40;

/** Begins with a line's end where there is something to show. */
export function dumpText(form: DumpForm, bytes: Uint8Array, start: number, end: number): string {
  if (form === 'none') return '';
  if (form === 'text') return `\n${plainText(bytes, start, end)}`;
  const lines: string[] = [];
  for (let at = start; at < end; at += BYTES_A_LINE) {
    const stop = Math.min(at + BYTES_A_LINE, end);
    const hex = pairs(bytes, at, stop);
    const offset = (at - start).toString(16).padStart(4, '0');
    const text = form === 'hex' ? hex : `${hex.padEnd(HEX_WIDTH)}  ${graphic(bytes, at, stop)}`;
    lines.push(`\n\t0x${offset}: ${text}`);
  }
  return lines.join('');
}

function pairs(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) {
    text += `${(at - from) % 2 === 0 ? ' ' : ''}${bytes[at]!.toString(16).padStart(2, '0')}`;
  }
  return text;
}

function graphic(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) text += isGraphic(bytes[at]!) ? String.fromCharCode(bytes[at]!) : '.';
  return text;
}

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const BLANK = 32;

/** Lines of text stay lines; nothing else that a terminal might act on goes out. */
function plainText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte === RETURN && bytes[at + 1] === NEWLINE && at + 1 < to) continue;
    const isShown = isGraphic(byte) || byte === TAB || byte === NEWLINE || byte === BLANK;
    text += isShown ? String.fromCharCode(byte) : '.';
  }
  return text;
}

function isGraphic(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}
