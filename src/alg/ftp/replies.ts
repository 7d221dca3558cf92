/** The server's replies: three digits and text; of a reply of many lines, the last one counts (RFC 959 4.2). */

export interface Reply {
  readonly code: number;
  /** The line, code included. */
  readonly text: string;
}

export class ReplyReader {
  /** The code of a reply of many lines that has not ended; 0 for none. */
  private open = 0;

  /** The reply that this line ends, null when it ends none. */
  take(line: string): Reply | null {
    const code = codeOf(line);
    const goesOn = line[3] === '-';
    if (this.open !== 0) {
      if (code !== this.open || goesOn) return null;
      this.open = 0;
    } else if (code === 0) {
      return null;
    } else if (goesOn) {
      this.open = code;
      return null;
    }
    return { code, text: line };
  }

  /** Lines were lost: whatever was open is over. */
  reset(): void {
    this.open = 0;
  }
}

export const isPreliminary = (code: number): boolean => code < 200;
export const isPositive = (code: number): boolean => code >= 200 && code < 300;
export const isNegative = (code: number): boolean => code >= 400;

/** Three digits from 100 to 599, behind which a blank, a hyphen or nothing stands; 0 for anything else. */
function codeOf(line: string): number {
  const end = line.charCodeAt(3);
  if (line.length < 3 || (line.length > 3 && end !== BLANK && end !== HYPHEN)) return 0;
  const [a, b, c] = [line.charCodeAt(0) - ZERO, line.charCodeAt(1) - ZERO, line.charCodeAt(2) - ZERO];
  return a >= 1 && a <= 5 && b >= 0 && b <= 9 && c >= 0 && c <= 9 ? 100 * a + 10 * b + c : 0;
}

const BLANK = 0x20;
const HYPHEN = 0x2d;
const ZERO = 0x30;
