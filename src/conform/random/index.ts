/** Cases at random: case i is made from seed first + i and the captures by turns. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NamedCase } from '../campaign.ts';
import { openSource, randomCase, type Source } from './random-case.ts';

export interface RandomPlan {
  /** Paths of captures, of any kind that Sluice reads. */
  readonly captures: readonly string[];
  readonly seed: number;
  /** How many; Infinity to go on until somebody stops it. */
  readonly cases: number;
  /** Frames of a capture that go into a case, at most; changing them makes it a few more. */
  readonly packets: number;
}

export function* randomCases({ captures, seed, cases, packets }: RandomPlan): Iterable<NamedCase> {
  const sources: Source[] = [];
  for (let i = 0; i < cases; i += 1) {
    const at = (seed + i) % captures.length;
    const path = captures[at]!;
    const name = `seed ${seed + i}, ${path.replace(/.*\//, '')}`;
    yield { name, make: () => randomCase((sources[at] ??= openSource(path)), seed + i, packets) };
  }
}

const OWN_CAPTURES = fileURLToPath(new URL('../../../pcaps/', import.meta.url));

/** The captures that come with Sluice. */
export function ownCaptures(): string[] {
  return readdirSync(OWN_CAPTURES)
    .filter((name) => /\.pcap(ng)?$/.test(name))
    .sort()
    .map((name) => join(OWN_CAPTURES, name));
}
