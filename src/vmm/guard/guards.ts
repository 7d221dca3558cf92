/** The guards of all guests of a network, and what they know together: who has which hardware address and which addresses. */
import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import { parsePrefix } from '../../stack/address.ts';
import { formatIp, formatMac, parseMac } from '../../wire/address.ts';
import { writeU16, writeU32 } from '../../wire/bytes.ts';
import * as ethernet from '../../wire/ethernet.ts';
import type { Dhcp6Server } from '../services/dhcp6-server.ts';
import type { Leases } from '../../services/dhcp4-leases.ts';
import { AddressClaims } from './address-claims.ts';
import { GuestGuard } from './guest-guard.ts';
import { RateLimit } from './rate-limit.ts';

export interface Guarded {
  readonly name: string;
  readonly mac?: string | undefined;
  readonly rate?: number | undefined;
  readonly trusted?: boolean;
}

/** Of an address that was leased to somebody who is not there. */
const ABSENT = -1;

export class Guards {
  readonly claims: AddressClaims;
  /** Of the services, which are made later. */
  leases: Leases | null = null;
  leases6: Dhcp6Server | null = null;
  /** By guest, from 1 up; null for those that are trusted. */
  private readonly guards: readonly (GuestGuard | null)[];
  /** In the same order. */
  private readonly names: readonly string[];

  constructor(guests: readonly Guarded[], addresses: readonly string[], clock: Clock, gatewayMac: string) {
    this.claims = new AddressClaims(
      addresses.map((text) => parsePrefix(text)!),
      (family, w0, w1, w2, w3) => this.lesseeOf(family, w0, w1, w2, w3),
    );
    const own = parseMac(gatewayMac)!;
    const isGateway = (high: number, low: number) =>
      high === ethernet.dstHigh(own, 0) && low === ethernet.dstLow(own, 0);
    this.names = ['', ...guests.map(({ name }) => name.toLowerCase())];
    const all: (GuestGuard | null)[] = [null];
    this.guards = all;
    for (const [i, { name, mac, rate, trusted }] of guests.entries()) {
      const parsed = mac === undefined ? null : parseMac(mac);
      if (parsed === undefined) throw new SluiceError('NETWORK', `${name}: "${mac}" is no MAC address`);
      all.push(
        trusted === true
          ? null
          : new GuestGuard({
              guest: i + 1,
              mac: parsed,
              claims: this.claims,
              isTaken: (high, low, guest) =>
                isGateway(high, low) ||
                all.some((guard, other) => other !== guest && isMac(guard, high, low)),
              rate: rate === undefined ? null : new RateLimit(clock, rate),
            }),
      );
    }
  }

  /** May the guest send this frame? */
  admit(guest: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.guards[guest]?.admit(bytes, start, end) ?? true;
  }

  /** The guest is not there any more. */
  release(guest: number): void {
    this.guards[guest]?.reset();
  }

  of(guest: number): GuestGuard | null {
    return this.guards[guest] ?? null;
  }

  macOf(guest: number): string | undefined {
    const guard = this.guards[guest];
    if (guard === null || guard === undefined || !guard.hasMac) return undefined;
    const bytes = new Uint8Array(6);
    writeU16(bytes, 0, guard.macHigh);
    writeU32(bytes, 2, guard.macLow >>> 0);
    return formatMac(bytes, 0);
  }

  /** Does another guest than that with the hardware address use the address? */
  isInUse(address: number, mac: string): boolean {
    const holder = this.claims.holderOf(formatIp(4, address, 0, 0, 0));
    return holder !== 0 && this.macOf(holder) !== mac;
  }

  /**
   * May a guest, known by its hardware or its link-local address, be called so? The name that a guest has in the network's
   * settings is its own; any other is that of whoever takes it first, for as long as it is there and has a lease.
   */
  mayBeCalled(name: string, who: string): boolean {
    const guest = this.guestOf(who);
    const own = this.names.indexOf(name);
    if (own > 0) return own === guest || this.guards[own] === null;
    const isAnothers = (other: string) => {
      const holder = this.guestOf(other);
      return holder !== ABSENT && holder !== guest;
    };
    for (const lease of this.leases ?? []) if (lease.name === name && isAnothers(lease.mac)) return false;
    for (const lease of this.leases6 ?? []) if (lease.name === name && isAnothers(lease.asker)) return false;
    return true;
  }

  private guestOf(who: string): number {
    return this.claims.holderOf(who) || this.guestWithMac(who);
  }

  private guestWithMac(mac: string): number {
    const guest = this.guards.findIndex((_guard, i) => this.macOf(i) === mac);
    return guest > 0 ? guest : ABSENT;
  }

  private lesseeOf(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): number {
    if (family === 4) {
      const mac = this.leases?.macOf(w0);
      return mac === undefined ? 0 : this.guestWithMac(mac);
    }
    const asker = this.leases6?.askerOf(formatIp(6, w0, w1, w2, w3));
    return asker === undefined ? 0 : this.claims.holderOf(asker) || ABSENT;
  }
}

function isMac(guard: GuestGuard | null, high: number, low: number): boolean {
  return guard !== null && guard.hasMac && guard.macHigh === high && guard.macLow === low;
}
