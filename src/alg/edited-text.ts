/** Text that is rewritten piece by piece, one character a byte, and addresses as texts have them. */
import { formatIp } from '../wire/address.ts';
import type { Address } from './address.ts';

export class EditedText {
  text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Puts `words` in the place of a part. False, and nothing changed, when there is no room. */
  replace(at: number, length: number, words: string): boolean {
    this.text = this.text.slice(0, at) + words + this.text.slice(at + length);
    return true;
  }
}

/** An address as it stands in URIs (IPv6 in brackets) or session descriptions. */
export function addressText(family: number, address: Address, delimited: boolean): string {
  const text = formatIp(family, address[0]!, address[1]!, address[2]!, address[3]!);
  return family === 6 && delimited ? `[${text}]` : text;
}
