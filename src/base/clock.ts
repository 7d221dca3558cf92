/**
 * Time, injected. Nothing in the core reads the machine's clock: it asks the Clock that it was given. In replays and
 * labs that is a VirtualClock, moved by the time stamps of the capture or by the queue of timers; behind live guests it
 * is one that follows the host's clock (src/vmm).
 */

/** Microseconds since the Unix epoch. A fraction is allowed (nanosecond captures) and survives. */
export type TimeUs = number;

export interface Timer {
  readonly due: TimeUs;
  readonly cancelled: boolean;
  cancel(): void;
}

export interface Clock {
  /** Microseconds since the Unix epoch; never runs backwards. */
  readonly now: TimeUs;
  /** Calls `action` once when the clock reaches `due` (at once on the next move when `due` has passed). */
  at(due: TimeUs, action: () => void): Timer;
}

/** A timer of the virtual clock. */
export class QueuedTimer implements Timer {
  readonly due: TimeUs;
  readonly order: number;
  /** Null when it was called, or will not be: whatever it holds is let go of. */
  private action: (() => void) | null;
  cancelled = false;

  constructor(due: TimeUs, order: number, action: () => void) {
    this.due = due;
    this.order = order;
    this.action = action;
  }

  cancel(): void {
    this.cancelled = true;
    this.action = null;
  }

  fire(): void {
    const { action } = this;
    this.action = null;
    action?.();
  }
}

/** A clock that moves only when told to. Timers due at the same time fire in the order in which they were set. */
export class VirtualClock implements Clock {
  now: TimeUs;
  private heap: QueuedTimer[] = [];
  private order = 0;

  constructor(start: TimeUs = 0) {
    this.now = start;
  }

  at(due: TimeUs, action: () => void): Timer {
    const timer = new QueuedTimer(due, this.order++, action);
    this.push(timer);
    return timer;
  }

  /** When the next timer is due; Infinity when none is set. */
  get nextDue(): TimeUs {
    while (this.heap.length > 0 && this.heap[0]!.cancelled) this.pop();
    return this.heap.length > 0 ? this.heap[0]!.due : Infinity;
  }

  /** Runs the timers due up to `time`, each at its own time, then stands at `time`. An earlier time moves nothing. */
  advanceTo(time: TimeUs): void {
    // Short enough to be inlined: a time handed on would have to be allocated, for every frame of a replay.
    if (this.nextDue <= time) this.runTimers(time);
    if (time > this.now) this.now = time;
  }

  private runTimers(until: TimeUs): void {
    while (this.nextDue <= until) {
      const timer = this.pop();
      if (timer.due > this.now) this.now = timer.due;
      timer.fire();
    }
  }

  // A binary heap on (due, order).

  private push(timer: QueuedTimer): void {
    const heap = this.heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!earlier(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  private pop(): QueuedTimer {
    const heap = this.heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    const size = heap.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && earlier(heap[child + 1]!, heap[child]!)) child++;
      if (!earlier(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function earlier(a: QueuedTimer, b: QueuedTimer): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
