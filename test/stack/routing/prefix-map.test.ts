import assert from 'node:assert/strict';
import fc from 'fast-check';
import { networkOf } from '../../../src/stack/address.ts';
import { PrefixMap, type PrefixEntry } from '../../../src/stack/routing/prefix-map.ts';

/** The obvious way: the first of the longest prefixes that contain the address. */
function slowLookup(entries: readonly PrefixEntry[], words: Int32Array): PrefixEntry | undefined {
  let best: PrefixEntry | undefined;
  for (const entry of entries) {
    const contains = networkOf(words, entry.length).every((word, i) => word === entry.words[i]);
    if (contains && (best === undefined || entry.length > best.length)) best = entry;
  }
  return best;
}

// Few bits are drawn, so that prefixes nest and repeat.
const word = fc.constantFrom(0, 1, -1, 0x80000000 | 0, 0x7fffffff, 0x0a000000, 0x0a0000ff, 0x0a800000);
const address = fc.tuple(word, word, word, word).map((words) => Int32Array.from(words));
const prefix = fc
  .tuple(address, fc.constantFrom(0, 1, 8, 24, 31, 32, 33, 64, 127, 128))
  .map(([words, length]) => ({ words: networkOf(words, length), length }));

describe('stack/prefix-map', () => {
  it('finds what a walk over all prefixes finds, from the cache too', () => {
    fc.assert(
      fc.property(
        fc.array(prefix, { maxLength: 20 }),
        fc.array(address, { maxLength: 20 }),
        (entries, addresses) => {
          const map = new PrefixMap<PrefixEntry>();
          map.build(entries);
          for (const words of [...addresses, ...addresses]) {
            const found = map.lookup(words[0]!, words[1]!, words[2]!, words[3]!);
            assert.equal(found, slowLookup(entries, words));
          }
        },
      ),
    );
  });

  it('forgets what it answered when it is built anew', () => {
    const map = new PrefixMap<PrefixEntry>();
    map.build([{ words: new Int32Array(4), length: 0 }]);
    assert.ok(map.lookup(1, 2, 3, 4));
    map.build([]);
    assert.equal(map.lookup(1, 2, 3, 4), undefined);
  });
});
