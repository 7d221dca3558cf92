/**
 * How many ICMP errors go out: one allowance for all (icmp_msgs_per_sec) and one for each receiver (Linux: inet_peer, in
 * which errors for lack of a route, other errors and redirects share one account). Receivers are forgotten, the
 * oldest first, when there are too many.
 */
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import type { Sysctls } from '../base/sysctl.ts';

const MICROSECONDS_PER_MS = 1000;
const MICROSECONDS_PER_SECOND = 1_000_000;
/** Errors that one receiver can have at once when it had none for long (XRLIM_BURST_FACTOR). */
const BURST_FACTOR = 6;
/** A new receiver is treated as if it had had nothing for a minute. */
const NEW_PEER_AGE_MS = 60_000;
/** A kernel tick at 250 Hz. */
const TICK_MS = 4;
const MOST_PEERS = 4096;
/** The common allowance is filled up in steps of at least a fiftieth of a second. */
const LEAST_STEP_US = MICROSECONDS_PER_SECOND / 50;

interface Peer {
  /** Allowance in milliseconds. */
  tokens: number;
  lastMs: number;
  redirects: number;
}

export class PeerLimits {
  private readonly clock: Clock;
  private readonly rng: Rng;
  private readonly sysctls: Sysctls;
  private readonly peers = new Map<number | string, Peer>();
  private credit: number;
  private creditAt: number;

  constructor(clock: Clock, rng: Rng, sysctls: Sysctls) {
    this.clock = clock;
    this.rng = rng;
    this.sysctls = sysctls;
    this.credit = 0;
    this.creditAt = -MICROSECONDS_PER_SECOND;
  }

  private peer(key: number | string): Peer {
    const known = this.peers.get(key);
    if (known !== undefined) return known;
    if (this.peers.size >= MOST_PEERS) {
      for (const oldest of this.peers.keys()) {
        this.peers.delete(oldest);
        break;
      }
    }
    const peer: Peer = { tokens: 0, lastMs: this.nowMs() - NEW_PEER_AGE_MS, redirects: 0 };
    this.peers.set(key, peer);
    return peer;
  }

  /** The kernel counts in ticks, and so do we: what happens within one is at one time. */
  private nowMs(): number {
    return Math.floor(this.clock.now / MICROSECONDS_PER_MS / TICK_MS) * TICK_MS;
  }

  /**
   * inet_peer_xrlim_allow, with a timeout in milliseconds. 0 allows everything, and as in Linux it spends what the receiver
   * had saved up for redirects.
   */
  allowPeer(key: number | string, timeoutMs: number): boolean {
    const peer = this.peer(key);
    const now = this.nowMs();
    if (now > peer.lastMs) peer.tokens = Math.min(peer.tokens + now - peer.lastMs, BURST_FACTOR * timeoutMs);
    peer.lastMs = now;
    if (peer.tokens < timeoutMs) return false;
    peer.tokens -= timeoutMs;
    return true;
  }

  /** ip_error's own limit. */
  allowRouteError(key: number | string): boolean {
    const cost = this.sysctls.get('net.ipv4.route.error_cost');
    const most = this.sysctls.get('net.ipv4.route.error_burst');
    const peer = this.peer(key);
    const now = this.nowMs();
    peer.tokens = Math.min(peer.tokens + now - peer.lastMs, most);
    peer.lastMs = now;
    if (peer.tokens < cost) return false;
    peer.tokens -= cost;
    return true;
  }

  /** icmp_global_allow and icmp_global_consume. */
  allowGlobal(): boolean {
    const now = this.clock.now;
    const elapsed = Math.min(now - this.creditAt, MICROSECONDS_PER_SECOND);
    if (elapsed >= LEAST_STEP_US) {
      const rate = this.sysctls.get('net.ipv4.icmp_msgs_per_sec');
      const growth = Math.floor((rate * elapsed) / MICROSECONDS_PER_SECOND);
      if (growth > 0) {
        this.creditAt = now;
        this.credit = Math.min(this.credit + growth, this.sysctls.get('net.ipv4.icmp_msgs_burst'));
      }
    }
    if (this.credit <= 0) return false;
    // A random amount, so that counting errors from outside tells little about others' (CVE-2020-25705).
    this.credit = Math.max(this.credit - this.rng.below(3), 0);
    return true;
  }

  /** ip_rt_send_redirect's backing off: ever longer pauses, and silence for those who don't listen. */
  allowRedirect(key: number | string): boolean {
    const peer = this.peer(key);
    const now = this.nowMs();
    if (now > peer.lastMs + this.sysctls.get('net.ipv4.route.redirect_silence')) {
      peer.tokens = 0;
      peer.redirects = 0;
    }
    if (peer.redirects >= this.sysctls.get('net.ipv4.route.redirect_number')) {
      peer.lastMs = now;
      return false;
    }
    const pause = this.sysctls.get('net.ipv4.route.redirect_load') * 2 ** peer.redirects;
    if (peer.redirects !== 0 && now <= peer.lastMs + pause) return false;
    peer.lastMs = now;
    peer.redirects++;
    return true;
  }
}
