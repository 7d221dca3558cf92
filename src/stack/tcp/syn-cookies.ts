/**
 * SYN cookies (Bernstein; RFC 4987 3.6): under a flood a listener remembers nothing of a handshake, but says everything that
 * it has to know later in the sequence number of its SYN,ACK: a minute counter, one of a few segment sizes, and a hash
 * of all. Window scale, SACK and ECN go into the low bits of the timestamp, where the peer sends one.
 */
import { type Ends } from './flow.ts';
import { portsOf, Purpose, type Secrets } from './secrets.ts';

const MINUTE_US = 60_000_000;
/** Minutes for which a cookie is taken (Linux: MAX_SYNCOOKIE_AGE). */
const MAX_AGE = 2;
/** Ascending, as Linux has them: the common sizes of tunnels and Ethernet, in IPv6 of jumbo frames too. */
const SIZES_4 = [536, 1300, 1440, 1460] as const;
const SIZES_6 = [1220, 1420, 1440, 8940] as const;

const SCALE_BITS = 0xf;
const SACK_BIT = 0x10;
const ECN_BIT = 0x20;
const OPTION_BITS = 0x3f;

export interface CookieOptions {
  /** -1 for none. */
  readonly windowScale: number;
  readonly sackPermitted: boolean;
  readonly ecn: boolean;
}

const minute = (now: number): number => Math.floor(now / MINUTE_US) & 0xff;

/** The sequence number for a SYN,ACK. */
export function makeCookie(secrets: Secrets, ends: Ends, irs: number, mss: number, now: number): number {
  const sizes = ends.family === 4 ? SIZES_4 : SIZES_6;
  let index = sizes.length - 1;
  while (index > 0 && sizes[index]! > mss) index--;
  const count = minute(now);
  const ports = portsOf(ends);
  const base = secrets.hash(ends, ports, 0, Purpose.COOKIE);
  const low = (secrets.hash(ends, ports, count, Purpose.COOKIE_MSS) + index) & 0xffffff;
  return (base + irs + (count << 24) + low) | 0;
}

/** The segment size that a cookie of ours says, 0 when it is none or too old. */
export function checkCookie(secrets: Secrets, ends: Ends, irs: number, cookie: number, now: number): number {
  const sizes = ends.family === 4 ? SIZES_4 : SIZES_6;
  const ports = portsOf(ends);
  const rest = (cookie - secrets.hash(ends, ports, 0, Purpose.COOKIE) - irs) | 0;
  const age = (minute(now) - (rest >>> 24)) & 0xff;
  if (age >= MAX_AGE) return 0;
  const index = (rest - secrets.hash(ends, ports, rest >>> 24, Purpose.COOKIE_MSS)) & 0xffffff;
  return sizes[index] ?? 0;
}

/** A timestamp not later than `now` that carries the options. */
export function timestampWithOptions(now: number, options: CookieOptions): number {
  const scale = options.windowScale < 0 ? SCALE_BITS : options.windowScale;
  const bits = scale | (options.sackPermitted ? SACK_BIT : 0) | (options.ecn ? ECN_BIT : 0);
  const marked = (now & ~OPTION_BITS) | bits;
  return ((marked - now) | 0) > 0 ? (marked - OPTION_BITS - 1) | 0 : marked;
}

export function optionsOfTimestamp(echo: number): CookieOptions {
  const scale = echo & SCALE_BITS;
  return {
    windowScale: scale === SCALE_BITS ? -1 : scale,
    sackPermitted: (echo & SACK_BIT) !== 0,
    ecn: (echo & ECN_BIT) !== 0,
  };
}
