/**
 * Text from outside (log prefixes, comments, names of files and interfaces, words of an error message) is shown with every
 * character escaped that a terminal would obey or that would make one line two: C0 and C1 controls, line and
 * paragraph separators, the marks that turn the direction of writing, and halves of surrogate pairs.
 */
const UNSAFE =
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const NAMED = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** For people: `\n`, `\x1b`, `\u202e`. A backslash stays as it is: the text is to be read, not to be read back. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (char) => {
    const code = char.charCodeAt(0);
    return (
      NAMED.get(char) ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(code))
    );
  });
}

/** Within a JSON text that JSON.stringify made: what it leaves as it is and a terminal would obey. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (char) => unicodeEscape(char.charCodeAt(0)));
}

/** As syslog daemons write it (rsyslog's default): `#033`, octal. */
export function escapeSyslog(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, (char) => `#${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function unicodeEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
