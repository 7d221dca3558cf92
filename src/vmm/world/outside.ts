/**
 * The border between Node's events and the network: whatever comes in (a socket's data, a command) enters here, so that
 * the clock has caught up before anything is done with it.
 */
import type { RealClock } from '../real-clock.ts';

export class Outside {
  private readonly clock: RealClock;

  constructor(clock: RealClock) {
    this.clock = clock;
  }

  enter<T>(action: () => T): T {
    this.clock.catchUp();
    return action();
  }
}
