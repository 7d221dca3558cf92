/**
 * Linux's limit on repeated kernel messages (net.core.message_burst and message_cost): ten in five seconds.
 */
const BURST = 10;
const INTERVAL_US = 5_000_000;

export class RateLimit {
  private begin = -Infinity;
  private printed = 0;

  allows(now: number): boolean {
    if (now - this.begin >= INTERVAL_US) {
      this.begin = now;
      this.printed = 0;
    }
    if (this.printed >= BURST) return false;
    this.printed++;
    return true;
  }
}
