/** Ranges of IPv4 addresses and the networks that they are made of. Numbers are unsigned. */

/** First and last address of a network. */
export function networkEnds(address: number, prefix: number): readonly [first: number, last: number] {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return [first, first + size - 1];
}

/** The fewest networks that make up a range, from the left; each as large as its place allows. */
export function* networksOf(
  first: number,
  last: number,
): Generator<readonly [address: number, prefix: number]> {
  let at = first;
  while (at <= last) {
    let bits = 0;
    while (bits < 32 && at % 2 ** (bits + 1) === 0 && at + 2 ** (bits + 1) - 1 <= last) bits++;
    yield [at, 32 - bits];
    at += 2 ** bits;
  }
}
