/**
 * The Clock behind live guests: the machine's time, in the steps in which something happens. Within a step time stands
 * still, as everywhere in Sluice: whoever brings something in from outside (a socket's data, a command) calls `catchUp`
 * first, which also runs the timers that have come due. One timer of Node wakes it for the next of its own.
 */
import { VirtualClock, type Timer, type TimeUs } from '../base/clock.ts';

const US_PER_MS = 1000;
/** As long as the machine's timers go. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export class RealClock extends VirtualClock {
  private alarm: NodeJS.Timeout | null = null;
  private alarmDue: TimeUs = Infinity;
  private isCatchingUp = false;

  constructor() {
    super(machineTime());
  }

  override at(due: TimeUs, action: () => void): Timer {
    const timer = super.at(due, action);
    if (due < this.alarmDue && !this.isCatchingUp) this.setAlarm();
    return timer;
  }

  /** Moves to the present and runs what is due. */
  catchUp(): void {
    if (this.isCatchingUp) return;
    this.isCatchingUp = true;
    this.advanceTo(machineTime());
    this.isCatchingUp = false;
    if (this.nextDue < this.alarmDue) this.setAlarm();
  }

  /** No more timers; the process may end. */
  stop(): void {
    if (this.alarm !== null) clearTimeout(this.alarm);
    this.alarm = null;
    this.alarmDue = -Infinity;
  }

  /** An alarm that is too early does no harm: it finds nothing due, and the next is set. */
  private setAlarm(): void {
    if (this.alarm !== null) clearTimeout(this.alarm);
    this.alarmDue = this.nextDue;
    if (this.alarmDue === Infinity) {
      this.alarm = null;
      return;
    }
    // What is further away is set again when that is over.
    const waitMs = Math.min(
      Math.max(0, Math.ceil((this.alarmDue - machineTime()) / US_PER_MS)),
      LONGEST_WAIT_MS,
    );
    this.alarm = setTimeout(() => {
      this.alarm = null;
      this.alarmDue = Infinity;
      this.catchUp();
    }, waitMs);
  }
}

/** Microseconds since the Unix epoch that never run backwards, whatever happens to the machine's date. */
function machineTime(): TimeUs {
  return Math.floor((performance.timeOrigin + performance.now()) * US_PER_MS);
}
