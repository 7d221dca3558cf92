/**
 * Things with names that rules refer to and that other programs make: accounting objects (`nfacct`), sets (`ipset`). A rule
 * that names one that is not there is refused.
 */

export type ObjectKind = 'accounting' | 'set' | 'estimator';

/** What a check asks: is there a thing of that name? */
export interface KnownObjects {
  has(kind: ObjectKind, name: string): boolean;
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
    if (this.quota === null) return true;
    return (this.quota.of === 'packets' ? this.packets : this.bytes) >= this.quota.amount;
  }
}

export class NamedObjects {
  readonly accounting = new Map<string, AccountingObject>();
}
