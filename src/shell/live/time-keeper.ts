/**
 * Moves a virtual clock while somebody waits for something to happen: as fast as it can be computed, yet in turns with all
 * else that this process does. While nobody waits, time stands still. A clock that moves by itself is left alone.
 */
import type { VirtualClock } from '../../base/clock.ts';

/** Timers that run before others in this process have a turn. */
const TIMERS_A_TURN = 1000;

export class TimeKeeper {
  private readonly clock: VirtualClock & { catchUp?(): void };
  private readonly waiting = new Set<() => void>();
  private isMoving = false;

  constructor(clock: VirtualClock & { catchUp?(): void }) {
    this.clock = clock;
  }

  /** Time passes until the function that is returned is called. `never`: nothing will ever happen again. */
  hold(never: () => void): () => void {
    if (this.clock.catchUp !== undefined) return () => {};
    this.waiting.add(never);
    if (!this.isMoving) {
      this.isMoving = true;
      setImmediate(this.move);
    }
    return () => this.waiting.delete(never);
  }

  private readonly move = (): void => {
    const { clock, waiting } = this;
    for (let n = 0; n < TIMERS_A_TURN && waiting.size > 0; n++) {
      const due = clock.nextDue;
      if (due === Infinity) {
        for (const never of [...waiting]) never();
        waiting.clear();
        break;
      }
      clock.advanceTo(due);
    }
    this.isMoving = waiting.size > 0;
    if (this.isMoving) setImmediate(this.move);
  };
}
