/**
 * Path MTUs that ICMP told of (RFC 1191, RFC 8201; Linux: route exceptions), by destination, for ten minutes. They serve
 * the host's own packets; what it forwards is not bound by them.
 */
import type { Clock } from '../base/clock.ts';
import type { Sysctls } from '../base/sysctl.ts';

const US_PER_SECOND = 1_000_000;
/** Entries; the oldest gives way, so that a flood of forged errors is no memory leak. */
const MOST = 2048;
const MIN_MTU_6 = 1280;

export interface KnownMtu {
  readonly family: number;
  readonly remote: Int32Array;
  readonly mtu: number;
  readonly until: number;
}

export class PathMtus {
  private readonly clock: Clock;
  private readonly sysctls: Sysctls;
  private readonly known = new Map<string, KnownMtu>();

  constructor(clock: Clock, sysctls: Sysctls) {
    this.clock = clock;
    this.sysctls = sysctls;
  }

  /** 0 while nothing is known. */
  of(ends: { readonly family: number; readonly remote: Int32Array }): number {
    if (this.known.size === 0) return 0;
    const key = keyOf(ends.family, ends.remote);
    const entry = this.known.get(key);
    if (entry === undefined) return 0;
    if (entry.until > this.clock.now) return entry.mtu;
    this.known.delete(key);
    return 0;
  }

  forget(): void {
    this.known.clear();
  }

  all(): IterableIterator<KnownMtu> {
    return this.known.values();
  }

  /** Takes note, and returns what counts: never less than the protocol allows. */
  learn(family: number, remote: Int32Array, mtu: number): number {
    const least = family === 4 ? this.sysctls.get('net.ipv4.route.min_pmtu') : MIN_MTU_6;
    const bounded = Math.max(mtu, least);
    const key = keyOf(family, remote);
    this.known.delete(key);
    if (this.known.size >= MOST) this.known.delete(this.known.keys().next().value!);
    const seconds = this.sysctls.get('net.ipv4.route.mtu_expires');
    this.known.set(key, { family, remote, mtu: bounded, until: this.clock.now + seconds * US_PER_SECOND });
    return bounded;
  }
}

function keyOf(family: number, words: Int32Array): string {
  return family === 4 ? String(words[0]) : words.join();
}
