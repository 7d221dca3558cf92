/**
 * What one rule asks of sets, and what it was told: one object a rule, so that asking allocates nothing. Linux: struct
 * ip_set_adt_opt.
 */
import type { HostServices } from '../host-services.ts';

/** How a counter is compared. */
export const CounterHow = { ANY: 0, EQ: 1, NE: 2, LT: 3, GT: 4 } as const;
export type CounterHow = (typeof CounterHow)[keyof typeof CounterHow];

export class SetQuery {
  readonly host: HostServices;
  /** How many parts of an element the rule names (`src,dst`: 2). */
  readonly dimensions: number;
  /** Bit n: part n is the packet's source. */
  readonly sources: number;
  /** `--return-nomatch`. */
  returnsNomatch: boolean;
  /** False with `! --update-counters`. */
  counts: boolean;
  /** False with `! --update-subcounters`: the sets in a list do not count. */
  countsInMembers: boolean;
  comparesCounters: boolean;
  packetsHow: CounterHow;
  packets: number;
  bytesHow: CounterHow;
  bytes: number;
  /** Of what is added: seconds, -1 for the set's own. */
  timeout: number;
  /** What is added may be there already: it then starts anew. */
  exist: boolean;
  /** Length of the IP packet, as counters count it. */
  length: number;
  // Of the element that matched:
  mark: number;
  markMask: number;
  priority: number;
  queue: number;

  constructor(host: HostServices, directions: readonly ('src' | 'dst')[]) {
    this.host = host;
    this.dimensions = directions.length;
    this.sources = directions.reduce((bits, way, i) => (way === 'src' ? bits | (1 << i) : bits), 0);
    this.returnsNomatch = false;
    this.counts = true;
    this.countsInMembers = true;
    this.comparesCounters = false;
    this.packetsHow = CounterHow.ANY;
    this.packets = 0;
    this.bytesHow = CounterHow.ANY;
    this.bytes = 0;
    this.timeout = -1;
    this.exist = false;
    this.length = 0;
    this.mark = 0;
    this.markMask = 0;
    this.priority = 0;
    this.queue = 0;
  }

  isSource(part: number): boolean {
    return (this.sources & (1 << part)) !== 0;
  }
}

export function counterHolds(how: CounterHow, counter: number, value: number): boolean {
  switch (how) {
    case CounterHow.ANY:
      return true;
    case CounterHow.EQ:
      return counter === value;
    case CounterHow.NE:
      return counter !== value;
    case CounterHow.LT:
      return counter < value;
    case CounterHow.GT:
      return counter > value;
  }
}
