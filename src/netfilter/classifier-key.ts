/**
 * The keys of a chain's index: which fields a group of rules fixes, and how their values are hashed. Packets (in
 * classifier.ts) and rules (in classifier-plan.ts) must hash alike; the fields are taken in the order of `Dim`.
 */
export const Dim = {
  SOURCE: 1 << 0,
  DESTINATION: 1 << 1,
  PROTOCOL: 1 << 2,
  SPORT: 1 << 3,
  DPORT: 1 << 4,
  IN: 1 << 5,
  OUT: 1 << 6,
} as const;

/** One round of MurmurHash3's mixing (Austin Appleby, public domain); good enough, since whole hashes are compared. */
export function hashWord(hash: number, word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51 | 0);
  const rotated = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  const joined = hash ^ rotated;
  return (Math.imul((joined << 13) | (joined >>> 19), 5) + 0xe6546b64) | 0;
}

export function hashAddress(hash: number, w0: number, w1: number, w2: number, w3: number): number {
  return hashWord(hashWord(hashWord(hashWord(hash, w0), w1), w2), w3);
}

/** Spreads the last word over all bits, since the table takes the low ones. */
export function finishHash(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b | 0);
  return once ^ (once >>> 13);
}
