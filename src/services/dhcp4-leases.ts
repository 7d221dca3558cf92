/**
 * The leases of a guest network: which client has which address, until when. A client is known by its hardware address and
 * its identifier (option 61), if it has one, and gets the address that it had before, as long as nobody else has it.
 *
 *     (none) ─ DISCOVER ─► offered ─ REQUEST ─► bound ─ RELEASE or time ─► free, remembered
 *                             └─ 60 s ─► free            └─ DECLINE ─► declined for 10 minutes
 */
import type { Clock } from '../base/clock.ts';

export const LeaseState = { OFFERED: 'offered', BOUND: 'bound', DECLINED: 'declined', FREE: 'free' } as const;
export type LeaseState = (typeof LeaseState)[keyof typeof LeaseState];

export interface Lease {
  /** As a signed 32-bit integer. */
  readonly address: number;
  client: string;
  mac: string;
  name: string;
  state: LeaseState;
  /** Microseconds since the epoch. */
  expires: number;
}

export interface Reservation {
  readonly mac: string;
  readonly address: number;
  readonly name?: string | undefined;
}

export interface LeaseOptions {
  readonly clock: Clock;
  /** First and last address that are handed out. */
  readonly first: number;
  readonly last: number;
  /** In between, but somebody's already: the gateway's own. */
  readonly taken: readonly number[];
  readonly reservations: readonly Reservation[];
  readonly leaseUs: number;
  /** Leases of one hardware address: a guest that makes up identifiers must not use all addresses up. */
  readonly perMac: number;
  /** Somebody else uses the address without having been given it. */
  readonly isInUse?: (address: number, mac: string) => boolean;
  /** False: that is what somebody else is called. */
  readonly mayBeCalled?: (name: string, mac: string) => boolean;
}

const OFFER_US = 60_000_000;
const DECLINED_US = 600_000_000;

export class Leases {
  private readonly options: LeaseOptions;
  private readonly byAddress = new Map<number, Lease>();
  private readonly byClient = new Map<string, Lease>();
  private readonly reserved: ReadonlyMap<number, Reservation>;
  private readonly taken: ReadonlySet<number>;

  constructor(options: LeaseOptions) {
    this.options = options;
    this.reserved = new Map(options.reservations.map((one) => [one.address, one]));
    this.taken = new Set(options.taken);
  }

  /** Those that somebody has. */
  *[Symbol.iterator](): IterableIterator<Lease> {
    for (const lease of this.byAddress.values()) if (this.isHeld(lease)) yield lease;
  }

  /** The hardware address that an address belongs to: by reservation, or for as long as the lease lasts. */
  macOf(address: number): string | undefined {
    const lease = this.byAddress.get(address);
    return (
      this.reserved.get(address)?.mac ?? (lease !== undefined && this.isHeld(lease) ? lease.mac : undefined)
    );
  }

  of(client: string): Lease | undefined {
    return this.byClient.get(client);
  }

  reservationOf(mac: string): Reservation | undefined {
    return this.options.reservations.find((one) => one.mac === mac);
  }

  /** An address for a client that asks, best the one it wishes; undefined when there is none left, or it has its share. */
  offer(client: string, mac: string, wished: number): Lease | undefined {
    const lease = this.choose(client, mac, wished);
    if (lease === undefined) return undefined;
    if (lease.state !== LeaseState.BOUND || lease.client !== client || !this.isHeld(lease)) {
      this.give(lease, client, mac, LeaseState.OFFERED, OFFER_US);
    }
    return lease;
  }

  /** The client takes an address; undefined when it is not (or no longer) its own to take. */
  bind(client: string, mac: string, address: number, name: string): Lease | undefined {
    const lease = this.choose(client, mac, address);
    if (lease === undefined || lease.address !== address) return undefined;
    this.give(lease, client, mac, LeaseState.BOUND, this.options.leaseUs);
    // What the network calls a guest counts for more than what it calls itself.
    const isItsName = name !== '' && this.options.mayBeCalled?.(name, mac) !== false;
    lease.name = this.reservationOf(mac)?.name ?? (isItsName ? name : lease.name);
    return lease;
  }

  release(client: string, address: number): void {
    const lease = this.byClient.get(client);
    if (lease?.address === address) lease.state = LeaseState.FREE;
  }

  /** The client found somebody else at the address: nobody gets it for a while. */
  decline(client: string, address: number): void {
    const lease = this.byClient.get(client);
    if (lease?.address !== address) return;
    this.byClient.delete(client);
    lease.client = '';
    lease.state = LeaseState.DECLINED;
    lease.expires = this.options.clock.now + DECLINED_US;
  }

  private choose(client: string, mac: string, wished: number): Lease | undefined {
    const reservation = this.reservationOf(mac);
    if (reservation !== undefined) return this.free(reservation.address, client, mac);
    const own = this.byClient.get(client);
    if (own !== undefined && this.free(own.address, client, mac) !== undefined) return own;
    if (this.countOf(mac) >= this.options.perMac) return undefined;
    return (wished !== 0 ? this.free(wished, client, mac) : undefined) ?? this.firstFree(client, mac);
  }

  /** The lease of an address, if the client may have it. */
  private free(address: number, client: string, mac: string): Lease | undefined {
    const reservation = this.reserved.get(address);
    if (reservation !== undefined ? reservation.mac !== mac : !this.isInRange(address)) return undefined;
    if (this.options.isInUse?.(address, mac) === true) return undefined;
    const lease = this.byAddress.get(address);
    if (lease === undefined)
      return { address, client: '', mac: '', name: '', state: LeaseState.FREE, expires: 0 };
    return lease.client === client || !this.isHeld(lease) ? lease : undefined;
  }

  private isInRange(address: number): boolean {
    const { first, last } = this.options;
    return address >>> 0 >= first >>> 0 && address >>> 0 <= last >>> 0 && !this.taken.has(address);
  }

  /** One that nobody ever had, else the one that has been free for longest. */
  private firstFree(client: string, mac: string): Lease | undefined {
    const { first, last } = this.options;
    let oldest: Lease | undefined;
    for (let at = first >>> 0; at <= last >>> 0; at++) {
      const lease = this.free(at | 0, client, mac);
      if (lease === undefined) continue;
      if (lease.expires === 0) return lease;
      if (oldest === undefined || lease.expires < oldest.expires) oldest = lease;
    }
    return oldest;
  }

  private give(lease: Lease, client: string, mac: string, state: LeaseState, forUs: number): void {
    if (lease.client !== '' && lease.client !== client) this.byClient.delete(lease.client);
    const before = this.byClient.get(client);
    // A client has one address at a time.
    if (before !== undefined && before !== lease) before.state = LeaseState.FREE;
    if (lease.client !== client) lease.name = '';
    lease.client = client;
    lease.mac = mac;
    lease.state = state;
    lease.expires = this.options.clock.now + forUs;
    this.byAddress.set(lease.address, lease);
    this.byClient.set(client, lease);
  }

  private isHeld(lease: Lease): boolean {
    return lease.state !== LeaseState.FREE && lease.expires > this.options.clock.now;
  }

  private countOf(mac: string): number {
    let count = 0;
    for (const lease of this) if (lease.mac === mac && lease.state !== LeaseState.DECLINED) count++;
    return count;
  }
}
