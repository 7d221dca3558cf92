/**
 * Path MTUs that ICMP told of (RFC 1191, RFC 8201; Linux: route exceptions), by destination, for ten minutes. They bind
 * the host's own packets, from where these are routed. Forwarded ones are not asked for them by Linux's ip_forward and ip6_forward,
 * but ip6_finish_output, behind POSTROUTING, does not tell whose a packet is.
 */
import type { Clock } from '../base/clock.ts';
import type { Sysctls } from '../base/sysctl.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';

const US_PER_SECOND = 1_000_000;
/** Entries; the oldest gives way, so that a flood of forged errors is no memory leak. */
const MOST = 2048;
/** What every link of IPv6 takes (RFC 8200 section 5). */
export const MIN_MTU_6 = 1280;

export interface KnownMtu {
  readonly family: number;
  readonly remote: Int32Array;
  readonly mtu: number;
  /** Less was told than net.ipv4.route.min_pmtu: routers are to cut, and what is forwarded is bound as well. */
  readonly isLocked: boolean;
  readonly until: number;
}

export class PathMtus {
  private readonly clock: Clock;
  private readonly sysctls: Sysctls;
  private readonly known = new Map<string, KnownMtu>();
  /** Grows when less is known to pass somewhere than before, so that kept ways are looked for anew. */
  generation = 0;

  constructor(clock: Clock, sysctls: Sysctls) {
    this.clock = clock;
    this.sysctls = sysctls;
  }

  /** Lowers the MTU of a packet's way to what is known of its destination. */
  bind(pkt: PacketBuffer, family: 4 | 6): void {
    const entry = this.ofPacket(pkt, family);
    if (entry !== undefined) pkt.routeMtu = Math.min(pkt.routeMtu, entry.mtu);
  }

  /** The same for a packet that is forwarded, before FORWARD sees it. */
  bindForwarded4(pkt: PacketBuffer): void {
    if (this.isLocked(pkt)) this.bind(pkt, 4);
  }

  /** May routers cut what goes there in IPv4, so that it leaves without DF? */
  isLocked(pkt: PacketBuffer): boolean {
    return this.ofPacket(pkt, 4)?.isLocked === true;
  }

  /** Undefined while nothing is known. */
  of(family: number, remote: Int32Array): KnownMtu | undefined {
    return this.known.size === 0 ? undefined : this.valid(keyOf(family, remote));
  }

  private ofPacket(pkt: PacketBuffer, family: 4 | 6): KnownMtu | undefined {
    if (this.known.size === 0) return undefined;
    return this.of(family, Int32Array.of(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3));
  }

  private valid(key: string): KnownMtu | undefined {
    const entry = this.known.get(key);
    if (entry === undefined || entry.until > this.clock.now) return entry;
    this.known.delete(key);
    return undefined;
  }

  forget(): void {
    this.known.clear();
  }

  all(): IterableIterator<KnownMtu> {
    return this.known.values();
  }

  /**
   * Takes note, and returns what counts: never more than was known. IPv6's minimum passes everywhere, so that whoever says less
   * is not believed; of IPv4 no more is believed than `min_pmtu`.
   */
  learn(family: 4 | 6, remote: Int32Array, mtu: number): number {
    const key = keyOf(family, remote);
    const before = this.valid(key);
    const least = family === 4 ? this.sysctls.get('net.ipv4.route.min_pmtu') : MIN_MTU_6;
    const isNews = (family === 4 || mtu >= least) && (before === undefined || mtu <= before.mtu);
    if (!isNews) return before?.mtu ?? Infinity;
    const bounded = Math.max(mtu, least);
    const isLocked = mtu < least || before?.isLocked === true;
    if (bounded !== before?.mtu || isLocked !== before.isLocked) this.generation++;
    this.known.delete(key);
    if (this.known.size >= MOST) this.known.delete(this.known.keys().next().value!);
    const until = this.clock.now + this.sysctls.get('net.ipv4.route.mtu_expires') * US_PER_SECOND;
    this.known.set(key, { family, remote, mtu: bounded, isLocked, until });
    return bounded;
  }
}

function keyOf(family: number, words: Int32Array): string {
  return family === 4 ? String(words[0]) : words.join();
}
