/**
 * What one pair of ends is known by, and the table of all pairs (Linux: ehash). An entry is a Connection, a handshake that
 * a listener is in, or the rest of a connection in TIME_WAIT; which one says `kind`. The hash is keyed by a secret, so
 * that nobody can choose ports that fall into one bucket.
 */
import type { Family } from '../../netfilter/hook.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

export const FlowKind = { CONNECTION: 0, HANDSHAKE: 1, TIME_WAIT: 2 } as const;
export type FlowKind = (typeof FlowKind)[keyof typeof FlowKind];

/** Two ends, as the host sees them. An IPv4 address stands in word 0. */
export interface Ends {
  readonly family: Family;
  readonly local: Int32Array;
  readonly localPort: number;
  readonly remote: Int32Array;
  readonly remotePort: number;
}

export abstract class Flow {
  /** Of the class: 20,000 connections need not hold it each. */
  abstract get kind(): FlowKind;
  readonly family: Family;
  readonly local0: number;
  readonly local1: number;
  readonly local2: number;
  readonly local3: number;
  readonly remote0: number;
  readonly remote1: number;
  readonly remote2: number;
  readonly remote3: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** The next in the bucket. */
  chain: Flow | null;

  constructor(ends: Ends) {
    const { local, remote } = ends;
    this.family = ends.family;
    this.local0 = local[0]!;
    this.local1 = local[1]!;
    this.local2 = local[2]!;
    this.local3 = local[3]!;
    this.remote0 = remote[0]!;
    this.remote1 = remote[1]!;
    this.remote2 = remote[2]!;
    this.remote3 = remote[3]!;
    this.localPort = ends.localPort;
    this.remotePort = ends.remotePort;
    this.chain = null;
  }

  get local(): Int32Array {
    return Int32Array.of(this.local0, this.local1, this.local2, this.local3);
  }

  get remote(): Int32Array {
    return Int32Array.of(this.remote0, this.remote1, this.remote2, this.remote3);
  }
}

/** The ends by themselves: the getters of a Flow make new arrays at each use. */
export function endsOf(flow: Flow): Ends {
  const { family, local, localPort, remote, remotePort } = flow;
  return { family, local, localPort, remote, remotePort };
}

/** Of a packet that this host sends. */
export function endsOfSent(pkt: PacketBuffer): Ends {
  return {
    family: pkt.family === 6 ? 6 : 4,
    local: Int32Array.of(pkt.src0, pkt.src1, pkt.src2, pkt.src3),
    localPort: pkt.sport,
    remote: Int32Array.of(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3),
    remotePort: pkt.dport,
  };
}

const INITIAL_BUCKETS = 256;

export class FlowTable {
  private readonly secret: number;
  private buckets: (Flow | null)[] = new Array<Flow | null>(INITIAL_BUCKETS).fill(null);
  private count = 0;

  constructor(secret: number) {
    this.secret = secret | 0;
  }

  get size(): number {
    return this.count;
  }

  /** Hot: the entry of a packet's ends; words one by one so that nothing is made for the question. */
  find(
    family: number,
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    localPort: number,
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    remotePort: number,
  ): Flow | null {
    const slot = this.hash(l0, l1, l2, l3, localPort, r0, r1, r2, r3, remotePort) & (this.buckets.length - 1);
    let flow: Flow | null = this.buckets[slot]!;
    while (flow !== null) {
      if (
        flow.remotePort === remotePort &&
        flow.localPort === localPort &&
        flow.remote0 === r0 &&
        flow.local0 === l0 &&
        flow.remote3 === r3 &&
        flow.local3 === l3 &&
        flow.remote1 === r1 &&
        flow.remote2 === r2 &&
        flow.local1 === l1 &&
        flow.local2 === l2 &&
        flow.family === family
      ) {
        return flow;
      }
      flow = flow.chain;
    }
    return null;
  }

  /** The entry with these ends. Cold: for calls, not for packets. */
  of(ends: Ends): Flow | null {
    const { local, remote } = ends;
    return this.find(
      ends.family,
      local[0]!,
      local[1]!,
      local[2]!,
      local[3]!,
      ends.localPort,
      remote[0]!,
      remote[1]!,
      remote[2]!,
      remote[3]!,
      ends.remotePort,
    );
  }

  add(flow: Flow): void {
    if (this.count >= this.buckets.length) this.grow();
    const slot = this.slot(flow);
    flow.chain = this.buckets[slot]!;
    this.buckets[slot] = flow;
    this.count++;
  }

  /** Nothing happens when it is not in the table. */
  remove(flow: Flow): void {
    const slot = this.slot(flow);
    let before: Flow | null = null;
    let at: Flow | null = this.buckets[slot]!;
    while (at !== null && at !== flow) {
      before = at;
      at = at.chain;
    }
    if (at === null) return;
    if (before === null) this.buckets[slot] = flow.chain;
    else before.chain = flow.chain;
    flow.chain = null;
    this.count--;
  }

  *entries(): IterableIterator<Flow> {
    for (const head of this.buckets) for (let flow = head; flow !== null; flow = flow.chain) yield flow;
  }

  private slot(flow: Flow): number {
    return (
      this.hash(
        flow.local0,
        flow.local1,
        flow.local2,
        flow.local3,
        flow.localPort,
        flow.remote0,
        flow.remote1,
        flow.remote2,
        flow.remote3,
        flow.remotePort,
      ) &
      (this.buckets.length - 1)
    );
  }

  private hash(
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    localPort: number,
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    remotePort: number,
  ): number {
    let h = this.secret ^ ((localPort << 16) | remotePort);
    h = Math.imul(h ^ (h >>> 15) ^ r0, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13) ^ l0, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 15) ^ r3, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 13) ^ l3 ^ r1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ r2 ^ l1 ^ (l2 << 1), 0xc2b2ae35);
    return h ^ (h >>> 16);
  }

  private grow(): void {
    const all = [...this.entries()];
    this.buckets = new Array<Flow | null>(2 * this.buckets.length).fill(null);
    for (const flow of all) {
      const slot = this.slot(flow);
      flow.chain = this.buckets[slot]!;
      this.buckets[slot] = flow;
    }
  }
}
