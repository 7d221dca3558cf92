/**
 * Time stamps of pcapng: 64 bits of ticks, whose length each interface declares (if_tsresol), in either direction.
 *
 * A count of nanoseconds since 1970 has 61 bits and does not fit a double, and BigInt would allocate for every packet.
 * So the count is divided by the ticks of a second as on paper, 16 bits at a time: with at most 2^30 ticks a second
 * every intermediate fits 53 bits (10^9 has but 21 significant ones). Finer clocks take the way over BigInt.
 *
 * Packets come many to a second, so the second of the last one is remembered and usually a subtraction does
 * (35 ns a packet became 8).
 */
const EXACT_TICKS = 2 ** 30;
const NANOSECONDS = 1_000_000_000;
const WORD = 0x1_0000_0000;
/** Seconds up to which microseconds are exact in a double: the year 2255. */
const MAX_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / 1_000_000);
/** The resolution where an interface declares none. */
const MICROSECONDS = 1_000_000;

export class TickClock {
  /** What `read` found: whole seconds since the epoch, and nanoseconds. */
  seconds = 0;
  nanoseconds = 0;
  /** Seconds to add to every time stamp (if_tsoffset). */
  offsetSeconds = 0;
  ticksPerSecond = MICROSECONDS;
  /** The same when it is too large for exact arithmetic in doubles. */
  private hugeTicksPerSecond: bigint | null = null;
  /** Whole nanoseconds of a tick; 0 when it has none. */
  private nanosecondsPerTick = NANOSECONDS / MICROSECONDS;
  /** The tick at which `seconds` began, once there was a packet. */
  private secondHigh = -1;
  private secondLow = 0;

  /** if_tsresol: a negative power of 10, or of 2 when the top bit is set. */
  setResolution(value: number): void {
    const exponent = BigInt(value & 0x7f);
    const ticks = (value & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
    this.ticksPerSecond = Number(ticks);
    this.hugeTicksPerSecond = this.ticksPerSecond > EXACT_TICKS ? ticks : null;
    const whole = NANOSECONDS / this.ticksPerSecond;
    this.nanosecondsPerTick = Number.isInteger(whole) ? whole : 0;
  }

  /** Sets `seconds` and `nanoseconds`; false when the time is before 1970 or after 2255. */
  read(high: number, low: number): boolean {
    const rest = (high - this.secondHigh) * WORD + (low - this.secondLow);
    if (this.nanosecondsPerTick !== 0 && rest >= 0 && rest < this.ticksPerSecond) {
      this.nanoseconds = rest * this.nanosecondsPerTick;
      return true;
    }
    return this.hugeTicksPerSecond === null
      ? this.divide(high, low)
      : this.divideHuge(high, low, this.hugeTicksPerSecond);
  }

  private divide(high: number, low: number): boolean {
    const unit = this.ticksPerSecond;
    const first = Math.floor(high / unit);
    let rest = (high - first * unit) * 65536 + (low >>> 16);
    const second = Math.floor(rest / unit);
    rest = (rest - second * unit) * 65536 + (low & 0xffff);
    const third = Math.floor(rest / unit);
    rest -= third * unit;
    const seconds = first * WORD + second * 65536 + third + this.offsetSeconds;
    if (seconds < 0 || seconds > MAX_SECONDS) return false;
    this.seconds = seconds;
    this.nanoseconds = Math.floor((rest * NANOSECONDS) / unit);
    const borrow = rest > low;
    this.secondHigh = borrow ? high - 1 : high;
    this.secondLow = borrow ? low + WORD - rest : low - rest;
    return true;
  }

  private divideHuge(high: number, low: number, unit: bigint): boolean {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    const whole = ticks / unit;
    const seconds = Number(whole) + this.offsetSeconds;
    if (seconds < 0 || seconds > MAX_SECONDS) return false;
    this.seconds = seconds;
    this.nanoseconds = Number(((ticks - whole * unit) * BigInt(NANOSECONDS)) / unit);
    return true;
  }
}

/** Writes a time as 64 bits of ticks, high word first; `perMicrosecond` is 1 or 1000. */
export function putTicks(view: DataView, at: number, timeUs: number, perMicrosecond: number): void {
  // (high * 2^16 + low) * perMicrosecond + fraction, without ever leaving 53 bits.
  const whole = Math.floor(timeUs);
  const fraction = Math.floor((timeUs - whole) * perMicrosecond + 0.5);
  const high = Math.floor(whole / 65536);
  const lowProduct = (whole - high * 65536) * perMicrosecond + fraction;
  const highProduct = high * perMicrosecond + Math.floor(lowProduct / 65536);
  view.setUint32(at, Math.floor(highProduct / 65536), true);
  view.setUint32(at + 4, ((highProduct % 65536) * 65536 + (lowProduct % 65536)) >>> 0, true);
}
