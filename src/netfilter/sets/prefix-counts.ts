/** How many elements of a hash have each prefix length: asking for an address tries only those that there are, the longest first. */
export class PrefixCounts {
  /** Prefix lengths in use, falling. */
  readonly lengths: number[] = [];
  private readonly counts = new Uint32Array(129);

  add(prefix: number): void {
    if (this.counts[prefix]!++ > 0) return;
    const at = this.lengths.findIndex((length) => length < prefix);
    this.lengths.splice(at < 0 ? this.lengths.length : at, 0, prefix);
  }

  remove(prefix: number): void {
    if (--this.counts[prefix]! === 0) this.lengths.splice(this.lengths.indexOf(prefix), 1);
  }

  clear(): void {
    this.lengths.length = 0;
    this.counts.fill(0);
  }
}
