/** Signatures of the index: a choice of fields, under which rules are filed and packets looked up. */
import { Dim, finishHash, hashAddress, hashWord } from './classifier-key.ts';
import type { FiledRule } from './classifier-rules.ts';

/** Address masks and the signatures made with them, each kept once, so that they can be compared by identity. */
export class Masks {
  private readonly masks = new Map<string, Int32Array>();
  private readonly short = new Map<number, Int32Array>();
  private readonly signatures = new Map<Int32Array, Map<Int32Array, Map<number, Signature>>>();
  private readonly rows: Int32Array;
  private readonly words: number;
  private count = 0;

  /** Masks are read from the program's rows, `words` integers each. */
  constructor(rows: Int32Array, words: number) {
    this.rows = rows;
    this.words = words;
  }

  mask(at: number): Int32Array {
    const read = (): Int32Array => this.rows.slice(at, at + this.words);
    if (this.words === 1) return known(this.short, this.rows[at]!, read);
    return known(this.masks, this.rows.subarray(at, at + this.words).join(), read);
  }

  signature(dims: number, sourceMask: Int32Array, destinationMask: Int32Array): Signature {
    const source = (dims & Dim.SOURCE) !== 0 ? sourceMask : NO_MASK;
    const destination = (dims & Dim.DESTINATION) !== 0 ? destinationMask : NO_MASK;
    const bySource = known(this.signatures, source, () => new Map<Int32Array, Map<number, Signature>>());
    const byDestination = known(bySource, destination, () => new Map<number, Signature>());
    return known(
      byDestination,
      dims,
      () => new Signature(++this.count, dims, source, destination, this.rows),
    );
  }
}

export const NO_MASK = new Int32Array(0);

function known<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const old = map.get(key);
  if (old !== undefined) return old;
  const made = make();
  map.set(key, made);
  return made;
}

export class Signature {
  readonly dims: number;
  readonly sourceMask: Int32Array;
  readonly destinationMask: Int32Array;
  /** How many bits it looks at, roughly: the more, the fewer rules share a key. */
  readonly fineness: number;
  private readonly id: number;
  private readonly rows: Int32Array;

  constructor(id: number, dims: number, source: Int32Array, destination: Int32Array, rows: Int32Array) {
    this.id = id;
    this.dims = dims;
    this.sourceMask = source;
    this.destinationMask = destination;
    this.rows = rows;
    this.fineness =
      bits(source) + bits(destination) + (dims & (Dim.SPORT | Dim.DPORT) ? 16 : 0) + bits([dims]);
  }

  /** Where hashing starts: what tells the keys of one group from those of another. */
  seed(level: number): number {
    return Math.imul(this.id * 16 + level + 1, 0x9e3779b1 | 0);
  }

  /** Does the rule fix all that the signature asks for? */
  fits(rule: FiledRule): boolean {
    return (
      (this.dims & ~rule.dims) === 0 &&
      covers(this.sourceMask, rule.sourceMask) &&
      covers(this.destinationMask, rule.destinationMask)
    );
  }

  /** Does every rule that fixes what `other` asks for fix what this one asks for? */
  isCoarserThan(other: Signature): boolean {
    return (
      (this.dims & ~other.dims) === 0 &&
      covers(this.sourceMask, other.sourceMask) &&
      covers(this.destinationMask, other.destinationMask)
    );
  }

  /** Calls `visit` with each block size of ports (as a shift) that the rule is filed by; 0 without ports. */
  eachLevel(rule: FiledRule, visit: (level: number) => void): void {
    for (const block of this.blocks(rule)) visit(block >>> 16);
  }

  /** Calls `visit` with the hash of each key that the rule is filed under. */
  eachHash(rule: FiledRule, visit: (hash: number) => void): void {
    for (const block of this.blocks(rule)) visit(this.hash(rule, block >>> 16, block & 0xffff));
  }

  private blocks(rule: FiledRule): readonly number[] {
    if ((this.dims & Dim.SPORT) !== 0) return rule.sportBlocks;
    if ((this.dims & Dim.DPORT) !== 0) return rule.dportBlocks;
    return NO_PORTS;
  }

  private hash(rule: FiledRule, level: number, block: number): number {
    const { dims } = this;
    let hash = this.seed(level);
    if ((dims & Dim.SOURCE) !== 0) hash = this.address(hash, rule.source, this.sourceMask);
    if ((dims & Dim.DESTINATION) !== 0) hash = this.address(hash, rule.destination, this.destinationMask);
    if ((dims & Dim.PROTOCOL) !== 0) hash = hashWord(hash, rule.protocol);
    if ((dims & (Dim.SPORT | Dim.DPORT)) !== 0) hash = hashWord(hash, block);
    if ((dims & Dim.IN) !== 0) hash = hashWord(hash, rule.iif);
    if ((dims & Dim.OUT) !== 0) hash = hashWord(hash, rule.oif);
    return finishHash(hash);
  }

  private address(hash: number, at: number, mask: Int32Array): number {
    const { rows } = this;
    if (mask.length === 1) return hashWord(hash, rows[at]! & mask[0]!);
    return hashAddress(
      hash,
      rows[at]! & mask[0]!,
      rows[at + 1]! & mask[1]!,
      rows[at + 2]! & mask[2]!,
      rows[at + 3]! & mask[3]!,
    );
  }
}

/** One key, whatever the ports. */
const NO_PORTS: readonly number[] = [0];

function bits(words: Iterable<number>): number {
  let count = 0;
  for (const word of words) for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Every bit that `mask` looks at is fixed by a rule with the mask `of`. */
function covers(mask: Int32Array, of: Int32Array): boolean {
  for (let i = 0; i < mask.length; i++) if ((mask[i]! & ~(of[i] ?? 0)) !== 0) return false;
  return true;
}
