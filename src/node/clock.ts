/**
 * Clocks that Node's event loop moves. `EventLoopClock` is virtual: whenever Node has nothing else to do, time jumps to the
 * next timer, so a lab runs as fast as it can and the same every time (as long as nothing in it waits for real input).
 * `HostClock` follows the clock of the machine, for what talks to the world.
 */
import { VirtualClock, type Clock, type Timer, type TimeUs } from '../base/clock.ts';

const US_PER_MS = 1000;
/** setTimeout takes no more. */
const MAX_TIMEOUT_MS = 0x7fffffff;

export class EventLoopClock extends VirtualClock {
  private isScheduled = false;
  private isStopped = false;

  override at(due: TimeUs, action: () => void): Timer {
    this.schedule();
    return super.at(due, action);
  }

  /** Time stands still from now on; what waits never comes. */
  stop(): void {
    this.isStopped = true;
  }

  private schedule(): void {
    if (this.isScheduled || this.isStopped) return;
    this.isScheduled = true;
    setImmediate(() => this.step());
  }

  /** One moment a turn of the loop, so that streams and promises get theirs in between. */
  private step(): void {
    this.isScheduled = false;
    if (this.isStopped) return;
    const { nextDue } = this;
    if (nextDue === Infinity) return;
    this.advanceTo(nextDue);
    if (this.nextDue < Infinity) this.schedule();
  }
}

export class HostClock implements Clock {
  private readonly timers = new VirtualClock(0);
  private timeout: NodeJS.Timeout | null = null;
  private timeoutDue = Infinity;
  private latest = 0;

  get now(): TimeUs {
    const now = (performance.timeOrigin + performance.now()) * US_PER_MS;
    if (now > this.latest) this.latest = now;
    return this.latest;
  }

  at(due: TimeUs, action: () => void): Timer {
    const timer = this.timers.at(due, action);
    if (due < this.timeoutDue) this.schedule();
    return timer;
  }

  /** No timer fires any more. */
  stop(): void {
    if (this.timeout !== null) clearTimeout(this.timeout);
    this.timeout = null;
    this.timeoutDue = -Infinity;
  }

  private schedule(): void {
    if (this.timeout !== null) clearTimeout(this.timeout);
    this.timeoutDue = this.timers.nextDue;
    if (this.timeoutDue === Infinity) return;
    const ms = Math.min(Math.max(0, Math.ceil((this.timeoutDue - this.now) / US_PER_MS)), MAX_TIMEOUT_MS);
    this.timeout = setTimeout(() => this.fire(), ms);
  }

  private fire(): void {
    this.timeout = null;
    this.timeoutDue = Infinity;
    this.timers.advanceTo(this.now);
    if (this.timeoutDue === Infinity) this.schedule();
  }
}
