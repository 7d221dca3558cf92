/**
 * The border between Node's events and the network: whatever comes in (a socket's data, a command) enters here, so that
 * the clock has caught up before anything is done with it; what packets cause outside waits until all packets that came
 * together have been dealt with.
 */
import type { RealClock } from '../real-clock.ts';

export class Outside {
  private readonly clock: RealClock;
  private readonly jobs: (() => void)[] = [];

  constructor(clock: RealClock) {
    this.clock = clock;
  }

  enter<T>(action: () => T): T {
    this.clock.catchUp();
    return action();
  }

  /** When the event of Node that is being dealt with is over. */
  soon(job: () => void): void {
    if (this.jobs.length === 0) queueMicrotask(this.work);
    this.jobs.push(job);
  }

  private readonly work = (): void => {
    this.clock.catchUp();
    // More may be added while they are done.
    for (let i = 0; i < this.jobs.length; i++) this.jobs[i]!();
    this.jobs.length = 0;
  };
}
