/** The server's replies: three digits and text; of a reply of many lines, the last one counts (RFC 959 4.2). */
import type { Line } from '../line-reader.ts';

const BLANK = 0x20;
const HYPHEN = 0x2d;
const ZERO = 0x30;
const CODE_LENGTH = 3;

export class ReplyReader {
  /** The code of a reply of many lines that has not ended; 0 for none. */
  private open = 0;

  /** The code of the reply that this line ends, 0 when it ends none. */
  take(line: Line): number {
    const code = codeOf(line);
    const goesOn = line.length > CODE_LENGTH && line.bytes[CODE_LENGTH] === HYPHEN;
    if (this.open !== 0) {
      if (code !== this.open || goesOn) return 0;
      this.open = 0;
    } else if (goesOn) {
      this.open = code;
      return 0;
    }
    return code;
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
function codeOf({ bytes, length }: Line): number {
  if (length < CODE_LENGTH) return 0;
  const next = bytes[CODE_LENGTH];
  if (length > CODE_LENGTH && next !== BLANK && next !== HYPHEN) return 0;
  const a = bytes[0]! - ZERO;
  const b = bytes[1]! - ZERO;
  const c = bytes[2]! - ZERO;
  return a >= 1 && a <= 5 && b >= 0 && b <= 9 && c >= 0 && c <= 9 ? 100 * a + 10 * b + c : 0;
}
