/**
 * Which guest has which address on the guests' network. A guest has those that were leased to it, and takes others by using
 * them, a few, as long as nobody else has them; all are free again when it goes. So guests may choose addresses
 * themselves, and none can take one of another's.
 */
import { formatIp } from '../../wire/address.ts';
import { networkOf, type IpPrefix } from '../../stack/address.ts';

/** Addresses of each family that one guest has at most: IPv6 makes several by itself, and new ones every day (RFC 8981). */
const MOST = { 4: 4, 6: 16 } as const;
/** The most of any: the link-local address of IPv6 is in no network of ours. */
const LINK_LOCAL = 0xfe800000 | 0;
const LINK_LOCAL_MASK = 0xffc00000 | 0;

export class AddressClaims {
  private readonly networks: readonly IpPrefix[];
  /** Nobody's to claim: the gateway's own, and whole networks. */
  private readonly taken: ReadonlySet<string>;
  private readonly holders = new Map<string, number>();
  private readonly counts = new Map<string, number>();
  /** The guest to whom an address is leased; 0 for none. Asked when somebody claims it. */
  private readonly lesseeOf: (family: 4 | 6, w0: number, w1: number, w2: number, w3: number) => number;

  constructor(
    networks: readonly IpPrefix[],
    lesseeOf: (family: 4 | 6, w0: number, w1: number, w2: number, w3: number) => number,
  ) {
    this.networks = networks;
    this.lesseeOf = lesseeOf;
    this.taken = new Set(
      networks.flatMap(({ family, words, length }) => {
        const network = networkOf(words, length);
        const own = formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
        const first = formatIp(family, network[0]!, network[1]!, network[2]!, network[3]!);
        const last = formatIp(family, network[0]! | (length === 0 ? -1 : ~(-1 << (32 - length))), 0, 0, 0);
        return family === 4 ? [own, first, last] : [own, first];
      }),
    );
  }

  /** May the guest use the address? If nobody has it, it is the guest's from now on. */
  claim(guest: number, family: 4 | 6, w0: number, w1: number, w2: number, w3: number): boolean {
    if (!this.isOfNetwork(family, w0, w1, w2, w3)) return false;
    const key = formatIp(family, w0, w1, w2, w3);
    if (this.taken.has(key)) return false;
    const holder = this.holders.get(key);
    if (holder !== undefined) return holder === guest;
    const lessee = this.lesseeOf(family, w0, w1, w2, w3);
    if (lessee !== 0 && lessee !== guest) return false;
    const countKey = `${guest} ${family}`;
    const count = this.counts.get(countKey) ?? 0;
    if (count >= MOST[family]) return false;
    this.counts.set(countKey, count + 1);
    this.holders.set(key, guest);
    return true;
  }

  /** The guest that has an address; 0 for nobody. */
  holderOf(text: string): number {
    return this.holders.get(text) ?? 0;
  }

  /** Addresses of a guest, as text. */
  of(guest: number): string[] {
    return [...this.holders].filter(([, holder]) => holder === guest).map(([text]) => text);
  }

  /** The guest has gone. */
  release(guest: number): void {
    for (const [key, holder] of this.holders) if (holder === guest) this.holders.delete(key);
    for (const family of [4, 6]) this.counts.delete(`${guest} ${family}`);
  }

  private isOfNetwork(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): boolean {
    if (family === 6 && (w0 & LINK_LOCAL_MASK) === LINK_LOCAL) return true;
    return this.networks.some((network) => {
      if (network.family !== family) return false;
      const mine = networkOf(Int32Array.of(w0, w1, w2, w3), network.length);
      return networkOf(network.words, network.length).every((word, i) => word === mine[i]);
    });
  }
}
