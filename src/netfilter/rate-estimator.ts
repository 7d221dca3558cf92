/**
 * A rate as Linux estimates it (gen_estimator): every interval the bytes and packets since the last one enter an
 * exponentially weighted average. Averages have 8 bits behind the point; what is read is cut to whole numbers. No timer
 * runs: whoever asks or counts first lets pass the intervals that are due.
 */
import type { TimeUs } from '../base/clock.ts';
import type { Services } from './extension.ts';

/** Microseconds of the shortest interval; `interval` counts its doublings from two below a second. */
const QUARTER_SECOND_US = 250_000;
const FRACTION_BITS = 8;

export interface EstimatorSettings {
  /** From -2 (a quarter of a second) to 3 (eight seconds). */
  readonly interval: number;
  /** The weight of an interval is 1 / 2^ewmaLog. */
  readonly ewmaLog: number;
}

export class RateEstimator {
  private settings: EstimatorSettings | null;
  private due: TimeUs;
  private bytes: number;
  private packets: number;
  /** Averages, times 2^8. */
  private byteRate: number;
  private packetRate: number;

  constructor() {
    this.settings = null;
    this.due = Infinity;
    this.bytes = 0;
    this.packets = 0;
    this.byteRate = 0;
    this.packetRate = 0;
  }

  /** Begins to estimate; an estimator that has begun goes on as it is. */
  start(settings: EstimatorSettings, now: TimeUs): void {
    if (this.settings !== null) return;
    this.settings = settings;
    this.due = now + this.lengthUs(settings);
  }

  count(bytes: number): void {
    this.bytes += bytes;
    this.packets++;
  }

  /** The intervals that have passed. */
  catchUp(now: TimeUs): void {
    const { settings } = this;
    if (settings === null) return;
    for (; now >= this.due; this.due += this.lengthUs(settings)) {
      this.byteRate = this.averaged(this.byteRate, this.bytes, settings);
      this.packetRate = this.averaged(this.packetRate, this.packets, settings);
      this.bytes = 0;
      this.packets = 0;
      if (this.byteRate === 0 && this.packetRate === 0) {
        // Nothing changes until somebody counts again: the intervals up to now are passed over at once.
        const length = this.lengthUs(settings);
        this.due += Math.max(0, Math.floor((now - this.due) / length)) * length;
      }
    }
  }

  get bytesPerSecond(): number {
    return Math.floor(this.byteRate / 2 ** FRACTION_BITS);
  }

  get packetsPerSecond(): number {
    return Math.floor(this.packetRate / 2 ** FRACTION_BITS);
  }

  private lengthUs({ interval }: EstimatorSettings): number {
    return QUARTER_SECOND_US * 2 ** (interval + 2);
  }

  private averaged(average: number, seen: number, { interval, ewmaLog }: EstimatorSettings): number {
    const rate = seen * 2 ** (FRACTION_BITS - interval);
    return average + Math.floor(rate / 2 ** ewmaLog) - Math.floor(average / 2 ** ewmaLog);
  }
}

/** The estimator that rules of both families share by its name. */
export function estimatorNamed(services: Pick<Services, 'shared'>, name: string): RateEstimator {
  return services.shared(`rateest:${name}`, () => new RateEstimator());
}
