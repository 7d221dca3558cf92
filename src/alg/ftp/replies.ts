/** The server's replies: three digits and text; of a reply of many lines, the last one counts (RFC 959 4.2). */

export interface Reply {
  readonly code: number;
  /** The line, code included. */
  readonly text: string;
}

export class ReplyReader {
  /** The code of a reply of many lines that has not ended; the empty string for none. */
  private open = '';

  /** The reply that this line ends, null when it ends none. */
  take(line: string): Reply | null {
    const found = /^([1-5]\d\d)([ -]|$)/.exec(line);
    if (this.open !== '') {
      if (found === null || found[1] !== this.open || found[2] === '-') return null;
      this.open = '';
    } else if (found === null) {
      return null;
    } else if (found[2] === '-') {
      this.open = found[1]!;
      return null;
    }
    return { code: Number(found[1]), text: line };
  }

  /** Lines were lost: whatever was open is over. */
  reset(): void {
    this.open = '';
  }
}

export const isPreliminary = (code: number): boolean => code < 200;
export const isPositive = (code: number): boolean => code >= 200 && code < 300;
export const isNegative = (code: number): boolean => code >= 400;
