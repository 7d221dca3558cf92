/**
 * Who asks for members, in one family: another querier that is heard, or the switch itself where it is told to
 * (mcast_querier). Of two queriers the one with the lower address asks (RFC 2236 section 3, RFC 2710 section 6); a switch that
 * asks from 0.0.0.0 gives way to anybody. When nobody has been heard for the querier interval, the switch asks again, first
 * a few times soon after each other. Linux: br_multicast_select_querier, br_multicast_query_expired.
 */
import { call } from '../../../base/call.ts';
import type { Clock, Timer } from '../../../base/clock.ts';
import type { SnoopingConfig } from './config.ts';

export class Querier {
  /** Until when another one is believed to ask. */
  private until = 0;
  /** Nobody is believed to have answered before. */
  private answersFrom = 0;
  /** Address of the one that asks, four words. */
  private address: readonly number[];
  private readonly own: readonly number[];
  private readonly config: SnoopingConfig;
  private readonly clock: Clock;
  private readonly ask: () => void;
  private asked = 0;
  private timer: Timer | null = null;
  private expiry: Timer | null = null;

  /** @param own - the address that the switch asks from; @param ask - sends a general query everywhere */
  constructor(config: SnoopingConfig, own: readonly number[], clock: Clock, ask: () => void) {
    this.config = config;
    this.own = own;
    this.address = [0, 0, 0, 0];
    this.clock = clock;
    this.ask = ask;
    if (!config.querier) return;
    this.answersFrom = clock.now + config.queryResponseInterval;
    this.start();
  }

  /** Does anybody ask, so that who has not answered is no member? */
  get isThere(): boolean {
    const { now } = this.clock;
    return this.answersFrom < now && (this.config.querier || this.until > now);
  }

  get isOther(): boolean {
    return this.until > this.clock.now;
  }

  get isSelf(): boolean {
    return this.config.querier && !this.isOther;
  }

  /** A general query came from there. False when its sender has to give way. */
  hear(address: readonly number[], responseUs: number): boolean {
    const { now } = this.clock;
    const isSilent = !this.isOther && !this.config.querier;
    const isNobody = this.address.every((word) => word === 0);
    if (!isSilent && !isNobody && compare(address, this.address) > 0) return false;
    this.address = address;
    if (!this.isOther) this.answersFrom = now + responseUs;
    this.until = now + this.config.querierInterval;
    this.timer?.cancel();
    this.expiry?.cancel();
    if (this.config.querier) this.expiry = this.clock.at(this.until, call(this, 'start'));
    return true;
  }

  /** The timer's. */
  start(): void {
    this.asked = 0;
    this.timer = this.clock.at(this.clock.now, call(this, 'sayHello'));
  }

  /** The timer's. */
  sayHello(): void {
    const { startupQueryCount, startupQueryInterval, queryInterval } = this.config;
    this.address = this.own;
    this.asked++;
    this.ask();
    const wait = this.asked < startupQueryCount ? startupQueryInterval : queryInterval;
    this.timer = this.clock.at(this.clock.now + wait, call(this, 'sayHello'));
  }
}

/** As unsigned words, the most significant first. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return a[i]! >>> 0 < b[i]! >>> 0 ? -1 : 1;
  return 0;
}
