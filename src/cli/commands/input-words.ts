/** `IFACE=CAPTURE`, as it stands behind --in. */
import type { InputSpec } from '../../replay/merged-input.ts';

/** Interface names have at most 15 characters, and neither slashes nor spaces (Linux: dev_valid_name). */
export const INPUT_WORD = /^([^/=\s]{1,15})=(.+)$/s;

export function parseInput(word: string): InputSpec | null {
  const match = INPUT_WORD.exec(word);
  return match === null ? null : { iface: match[1]!, path: match[2]! };
}
