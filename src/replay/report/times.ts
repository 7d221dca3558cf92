/** Points in time as reports print them; all in UTC, so that a report is the same on every machine. */

export const TIME_STYLES = ['clock', 'date', 'relative', 'epoch'] as const;
export type TimeStyle = (typeof TIME_STYLES)[number];

/** Widths of what `formatTime` prints; a relative time beyond 100,000 seconds is wider. */
export const TIME_WIDTHS: Readonly<Record<TimeStyle, number>> = {
  clock: 15,
  date: 26,
  relative: 12,
  epoch: 17,
};

/** `first` is the time that relative ones count from. */
export function formatTime(timeUs: number, style: TimeStyle, first: number): string {
  switch (style) {
    case 'clock':
      return `${iso(timeUs).slice(11, 19)}.${fraction(timeUs)}`;
    case 'date':
      return `${iso(timeUs).slice(0, 19).replace('T', ' ')}.${fraction(timeUs)}`;
    case 'relative':
      return decimal(timeUs - first).padStart(TIME_WIDTHS.relative);
    case 'epoch':
      return decimal(timeUs);
  }
}

/** `2023-11-14 22:13:20`. */
export function formatDate(timeUs: number): string {
  return iso(timeUs).slice(0, 19).replace('T', ' ');
}

/** `Nov 14 22:13:20`, as syslog writes it (RFC 3164, 4.1.2). */
export function formatSyslogTime(timeUs: number): string {
  const text = iso(timeUs);
  const month = MONTHS[Number(text.slice(5, 7)) - 1]!;
  return `${month} ${String(Number(text.slice(8, 10))).padStart(2)} ${text.slice(11, 19)}`;
}

/** Seconds since boot, as the kernel puts them before its lines: `[   12.345678]`. */
export function formatUptime(us: number): string {
  return `[${decimal(us).padStart(12)}]`;
}

/** A span in the unit that suits it: `850 µs`, `12.4 ms`, `3.2 s`, `2 h 5 min`. */
export function formatDuration(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${trim(us / 1000)} ms`;
  const seconds = us / 1e6;
  if (seconds < 60) return `${trim(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** The last microsecond that a JavaScript date can hold. */
const LATEST_US = 8.64e18;

function iso(timeUs: number): string {
  const milliseconds = Math.floor(Math.min(Math.max(timeUs, 0), LATEST_US) / 1000);
  return new Date(milliseconds).toISOString();
}

function fraction(timeUs: number): string {
  return String(Math.floor(timeUs) % 1_000_000).padStart(6, '0');
}

function decimal(us: number): string {
  return `${Math.floor(us / 1e6)}.${fraction(us)}`;
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
