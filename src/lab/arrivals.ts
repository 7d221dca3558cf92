import type { FrameTaker } from '../stack/link/index.ts';
import { equalBytes } from '../wire/bytes.ts';
import type { Crossing } from './events.ts';

/** Frames that were lost are forgotten when so many others have come after them. */
const MOST_WAITING = 1024;

/** Frames under way in one direction of a link, met again as they arrive: what was lost on the way is passed over. */
export class Arrivals {
  private readonly taker: (crossing: Crossing | null) => FrameTaker;
  private readonly waiting: Crossing[] = [];

  constructor(taker: (crossing: Crossing | null) => FrameTaker) {
    this.taker = taker;
  }

  expect(crossing: Crossing): void {
    if (this.waiting.length >= MOST_WAITING) this.waiting.shift();
    this.waiting.push(crossing);
  }

  readonly take: FrameTaker = (bytes, start, end) => {
    const at = this.waiting.findIndex(
      ({ frame }) => frame.length === end - start && equalBytes(frame, 0, bytes, start, frame.length),
    );
    const [crossing = null] = at < 0 ? [] : this.waiting.splice(at, 1);
    this.taker(crossing)(bytes, start, end);
  };
}
