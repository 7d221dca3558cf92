/**
 * Labels of connections: 128 bits each, of the few that have any (Linux: nf_conntrack_labels). The kernel makes room for them
 * in a connection when it begins, and only while some rule asks for labels; older connections never have any. Here labels
 * stay in use from the first such rule on, though it may be gone again.
 */
const LABEL_WORDS = 4;
export const LABEL_COUNT = LABEL_WORDS * 32;

export class Labels {
  private readonly words = new Map<number, Int32Array>();
  /** Connections without room: older than the first rule. Null until there is one. */
  private roomless: Set<number> | null = null;

  /** A rule asks for labels. `older`: the connections there are. */
  use(older: () => Iterable<number>): void {
    this.roomless ??= new Set(older());
  }

  hasRoom(entry: number): boolean {
    return this.roomless !== null && !this.roomless.has(entry);
  }

  has(entry: number, label: number): boolean {
    if (this.words.size === 0) return false;
    const words = this.words.get(entry);
    return words !== undefined && ((words[label >>> 5]! >>> (label & 31)) & 1) === 1;
  }

  /** Where there is room; numbers beyond the last are passed over. */
  set(entry: number, label: number): void {
    if (label >= LABEL_COUNT) return;
    let words = this.words.get(entry);
    if (words === undefined) this.words.set(entry, (words = new Int32Array(LABEL_WORDS)));
    words[label >>> 5] = words[label >>> 5]! | (1 << (label & 31));
  }

  clear(entry: number, label: number): void {
    const words = this.words.get(entry);
    if (words === undefined) return;
    words[label >>> 5] = words[label >>> 5]! & ~(1 << (label & 31));
    if (words.every((word) => word === 0)) this.words.delete(entry);
  }

  /** In their order. */
  of(entry: number): readonly number[] {
    if (!this.words.has(entry)) return [];
    return Array.from({ length: LABEL_COUNT }, (_, label) => label).filter((label) => this.has(entry, label));
  }

  forget(entry: number): void {
    if (this.words.size !== 0) this.words.delete(entry);
    if (this.roomless !== null && this.roomless.size !== 0) this.roomless.delete(entry);
  }
}
