/** Sources of a multicast group, as members name them: all but some, or none but some; each with a timer. */

/** What a member says of the sources that it names: it wants none but those, or all but those. */
export const Mode = { INCLUDE: 0, EXCLUDE: 1 } as const;

/** An address: of IPv4 in the first word, of IPv6 in all. */
export type Words = readonly [number, number, number, number];

export function isSame(words: Words, w0: number, w1: number, w2: number, w3: number): boolean {
  return words[3] === w3 && words[0] === w0 && words[1] === w1 && words[2] === w2;
}

export class Source {
  readonly words: Words;
  until = 0;
  /** Found again in the record at hand; to be asked for. */
  isNamed = false;
  isAsked = false;

  constructor(words: Words) {
    this.words = words;
  }
}
