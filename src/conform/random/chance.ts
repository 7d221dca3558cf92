/** Choices drawn from a seed: whatever is random in a case comes from here, so that a seed names a case. */
import { SeededRng } from '../../base/rng.ts';

export class Chance {
  readonly #rng: SeededRng;

  constructor(seed: number) {
    this.#rng = new SeededRng(seed);
  }

  below(bound: number): number {
    return this.#rng.below(bound);
  }

  /** Both ends are possible. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with the probability given. */
  is(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('nothing to pick from');
    return items[this.below(items.length)]!;
  }

  /** An item with a probability in proportion to the number beside it. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let rest = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of items) {
      if (rest < weight) return item;
      rest -= weight;
    }
    throw new Error('nothing to pick from');
  }

  /** `count` draws without the repetitions, in the order in which they were drawn. */
  some<T>(items: readonly T[], count: number): T[] {
    return [...new Set(Array.from({ length: count }, () => this.pick(items)))];
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.below(256));
  }
}
