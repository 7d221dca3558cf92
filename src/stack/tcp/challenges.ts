/**
 * Challenge acknowledgements (RFC 5961): they make a true peer show itself, and an attacker no wiser. Limited for each flow
 * (tcp_invalid_ratelimit) and for the host (tcp_challenge_ack_limit).
 */
import type { Connection } from './connection.ts';
import { sendAck } from './output.ts';
import type { Tcp } from './tcp.ts';

export class Challenges {
  private readonly owner: Tcp;
  private second = -Infinity;
  private left = 0;

  constructor(owner: Tcp) {
    this.owner = owner;
  }

  send(c: Connection): void {
    const { owner } = this;
    if (this.isLimited(c)) return;
    if (this.second !== owner.seconds) {
      this.second = owner.seconds;
      const limit = owner.settings.challengeLimit;
      // Half of it and chance, so that nobody can count what is left (CVE-2016-5696).
      this.left = Math.ceil(limit / 2) + owner.rng.below(Math.max(1, limit));
    }
    if (this.left <= 0) return;
    this.left--;
    owner.counters.challengeAcks++;
    sendAck(c);
  }

  /** True when a segment out of window was answered for this flow a short time ago. */
  isLimited(flow: { lastInvalidAck: number }): boolean {
    const { stamp, settings } = this.owner;
    const elapsed = (stamp - flow.lastInvalidAck) | 0;
    if (flow.lastInvalidAck !== -1 && elapsed >= 0 && elapsed < settings.invalidRateLimitUs) return true;
    flow.lastInvalidAck = stamp;
    return false;
  }
}
