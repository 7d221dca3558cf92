/**
 * Time stamps of pcapng: 64 bits of ticks, whose length each interface declares (if_tsresol), in either direction.
 *
 * A count of nanoseconds since 1970 has 61 bits and does not fit a double, and BigInt would allocate for every packet.
 * So the count is divided by the ticks of a second as on paper, 16 bits at a time: with at most 2^30 ticks a second
 * every intermediate fits 53 bits (10^9 has but 21 significant ones). Finer clocks take the way over BigInt.
 */
import type { CaptureInterface, CaptureRecord } from './record.ts';

const EXACT_TICKS = 2 ** 30;
const NANOSECONDS = 1_000_000_000;
/** Seconds up to which microseconds are exact in a double: the year 2255. */
const MAX_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / 1_000_000);

/** if_tsresol: a negative power of 10, or of 2 when the top bit is set. */
export function setResolution(declared: CaptureInterface, value: number): void {
  const exponent = value & 0x7f;
  const ticks = (value & 0x80) === 0 ? 10n ** BigInt(exponent) : 2n ** BigInt(exponent);
  declared.ticksPerSecond = Number(ticks);
  declared.hugeTicksPerSecond = declared.ticksPerSecond > EXACT_TICKS ? ticks : null;
}

/** Sets the record's time; false when it is before 1970 or after 2255. */
export function setTimeFromTicks(
  record: CaptureRecord,
  declared: CaptureInterface,
  high: number,
  low: number,
): boolean {
  let seconds: number;
  let nanoseconds: number;
  const unit = declared.ticksPerSecond;
  if (declared.hugeTicksPerSecond === null) {
    const first = Math.floor(high / unit);
    let rest = (high - first * unit) * 65536 + (low >>> 16);
    const second = Math.floor(rest / unit);
    rest = (rest - second * unit) * 65536 + (low & 0xffff);
    const third = Math.floor(rest / unit);
    rest -= third * unit;
    seconds = first * 0x1_0000_0000 + second * 65536 + third;
    nanoseconds = Math.floor((rest * NANOSECONDS) / unit);
  } else {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    const whole = ticks / declared.hugeTicksPerSecond;
    seconds = Number(whole);
    nanoseconds = Number(
      ((ticks - whole * declared.hugeTicksPerSecond) * BigInt(NANOSECONDS)) / declared.hugeTicksPerSecond,
    );
  }
  seconds += declared.offsetSeconds;
  if (seconds < 0 || seconds > MAX_SECONDS) return false;
  record.seconds = seconds;
  record.nanoseconds = nanoseconds;
  record.timeUs = seconds * 1_000_000 + nanoseconds / 1000;
  return true;
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
