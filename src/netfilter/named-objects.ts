/**
 * Things with names that rules refer to and that other programs make: accounting objects (`nfacct`), sets (`ipset`). A rule
 * that names one that is not there is refused.
 */
import type { Clock } from '../base/clock.ts';
import { LabelNames } from './conntrack/label-names.ts';
import type { Family } from './hook.ts';
import { IpSets } from './sets/ip-sets.ts';

export type ObjectKind = 'accounting' | 'estimator';

/** What a check asks: is there a thing of that name? */
export interface KnownObjects {
  has(kind: ObjectKind, name: string): boolean;
  /** The family of the addresses in a set, null where any will do; undefined when there is no such set. */
  setFamily(name: string): Family | null | undefined;
}

/** An object of `nfacct`: packets and bytes, and maybe a quota of one of them. Linux: nfnetlink_acct. */
export class AccountingObject {
  readonly name: string;
  readonly quota: { readonly of: 'packets' | 'bytes'; readonly amount: number } | null;
  packets: number;
  bytes: number;

  constructor(name: string, quota: AccountingObject['quota'] = null) {
    this.name = name;
    this.quota = quota;
    this.packets = 0;
    this.bytes = 0;
  }

  /** Counts a packet. True unless there is a quota that it is still within. */
  count(bytes: number): boolean {
    this.packets++;
    this.bytes += bytes;
    return this.quota === null || this.used > this.quota.amount;
  }

  /** Its quota is used up. */
  get isOver(): boolean {
    return this.quota !== null && this.used >= this.quota.amount;
  }

  reset(): void {
    this.packets = 0;
    this.bytes = 0;
  }

  private get used(): number {
    return this.quota?.of === 'packets' ? this.packets : this.bytes;
  }
}

/** Those of one network namespace, and the names that its programs have for labels of connections. */
export interface NamedObjects {
  readonly labels: LabelNames;
  readonly accounting: Map<string, AccountingObject>;
  readonly sets: IpSets;
}

export function makeNamedObjects(clock: Clock): NamedObjects {
  return { labels: new LabelNames(), accounting: new Map(), sets: new IpSets(clock) };
}
