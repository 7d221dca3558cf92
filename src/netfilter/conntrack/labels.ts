/**
 * Labels of connections: 128 bits each, of the few that have any (Linux: nf_conntrack_labels). No connection has one until
 * a rule gives it one, so nothing is kept of the others.
 */
const LABEL_WORDS = 4;

export class Labels {
  private readonly words = new Map<number, Int32Array>();

  has(entry: number, label: number): boolean {
    if (this.words.size === 0) return false;
    const words = this.words.get(entry);
    return words !== undefined && ((words[label >>> 5]! >>> (label & 31)) & 1) === 1;
  }

  set(entry: number, label: number): void {
    let words = this.words.get(entry);
    if (words === undefined) this.words.set(entry, (words = new Int32Array(LABEL_WORDS)));
    words[label >>> 5] = words[label >>> 5]! | (1 << (label & 31));
  }

  forget(entry: number): void {
    if (this.words.size !== 0) this.words.delete(entry);
  }
}
