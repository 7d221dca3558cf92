/** How many of something each guest has, with a limit: sockets, processes, queries. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { formatIp } from '../../wire/address.ts';

/** The same for all, or each its own. */
export type QuotaLimit = number | ((guest: string) => number);

export class Quotas {
  private readonly limit: QuotaLimit;
  private readonly used = new Map<string, number>();

  constructor(limit: QuotaLimit) {
    this.limit = limit;
  }

  /** One more; false when that would be too many. */
  take(guest: string): boolean {
    const used = this.used.get(guest) ?? 0;
    const { limit } = this;
    if (used >= (typeof limit === 'number' ? limit : limit(guest))) return false;
    this.used.set(guest, used + 1);
    return true;
  }

  give(guest: string): void {
    const left = (this.used.get(guest) ?? 1) - 1;
    if (left > 0) this.used.set(guest, left);
    else this.used.delete(guest);
  }
}

/** Whom packets count for: the guest that has their source address; for what was translated, the address itself. */
export type GuestOf = (pkt: PacketBuffer) => string;

export function guestBySource(holderOf: (text: string) => number): GuestOf {
  return ({ family, src0, src1, src2, src3 }) => {
    const source = formatIp(family, src0, src1, src2, src3);
    const holder = holderOf(source);
    return holder === 0 ? source : String(holder);
  };
}
