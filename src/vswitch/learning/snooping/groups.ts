/** Which ports have members of which multicast group, and of which sources: a bounded table, keyed by VLAN and address. */
import { Group } from './group.ts';

export class Groups {
  private readonly ports: number;
  private readonly most: number;
  private readonly byHash = new Map<number, Group>();
  private count = 0;

  /** @param most - groups at once (mcast_hash_max); further ones are not taken up */
  constructor(ports: number, most: number) {
    this.ports = ports;
    this.most = most;
  }

  /** Null for a group that has no member now. */
  find(vid: number, w0: number, w1: number, w2: number, w3: number, now: number): Group | null {
    const group = this.search(vid, w0, w1, w2, w3);
    return group?.settle(now) === true ? group : null;
  }

  /** The group, made when it is not there; null when there is no room. */
  open(
    vid: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    now: number,
    family: 4 | 6,
  ): Group | null {
    const known = this.search(vid, w0, w1, w2, w3);
    known?.settle(now);
    if (known !== null) return known;
    if (this.count >= this.most) this.sweep(now);
    if (this.count >= this.most) return null;
    const hash = hashOf(vid, w0, w1, w2, w3);
    const group = new Group({ vid, w0, w1, w2, w3, family }, this.ports, this.byHash.get(hash) ?? null);
    this.byHash.set(hash, group);
    this.count++;
    return group;
  }

  /** Every group with members, in no particular order. */
  *live(now: number): IterableIterator<Group> {
    for (const first of this.byHash.values()) {
      for (let group: Group | null = first; group !== null; group = group.next)
        if (group.settle(now)) yield group;
    }
  }

  private search(vid: number, w0: number, w1: number, w2: number, w3: number): Group | null {
    let group = this.byHash.get(hashOf(vid, w0, w1, w2, w3)) ?? null;
    while (group !== null) {
      if (group.w3 === w3 && group.w0 === w0 && group.w2 === w2 && group.w1 === w1 && group.vid === vid)
        return group;
      group = group.next;
    }
    return null;
  }

  /** Takes out what has no members any more. */
  private sweep(now: number): void {
    const live = [...this.live(now)];
    this.byHash.clear();
    this.count = live.length;
    for (const group of live) {
      const hash = hashOf(group.vid, group.w0, group.w1, group.w2, group.w3);
      group.next = this.byHash.get(hash) ?? null;
      this.byHash.set(hash, group);
    }
  }
}

function hashOf(vid: number, w0: number, w1: number, w2: number, w3: number): number {
  return Math.imul(w0 ^ w1 ^ w2 ^ w3 ^ vid, 0x9e3779b1) | 0;
}
