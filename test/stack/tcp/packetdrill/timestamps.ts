/**
 * Timestamps (RFC 7323) of scripts and of our stack: a script's number stands for whatever our segment carried there, and
 * with --tcp_ts_tick_usecs the numbers must also be as far apart as the script's.
 */
export class Timestamps {
  private readonly byScript = new Map<number, number>();
  private first: readonly [script: number, live: number] | null = null;
  private readonly tickUs: number;
  private readonly toleranceUs: number;
  private readonly tolerancePercent: number;

  constructor(tickUs: number, toleranceUs: number, tolerancePercent: number) {
    this.tickUs = tickUs;
    this.toleranceUs = toleranceUs;
    this.tolerancePercent = tolerancePercent;
  }

  /** Ours for what a script echoes. */
  live(script: number): number {
    if (script === 0) return 0;
    const known = this.byScript.get(script);
    if (known !== undefined || this.first === null) return known ?? script;
    return (this.first[1] + script - this.first[0]) >>> 0;
  }

  /** What a script would say of ours where it says `expected`: the same, unless it must be another. */
  script(live: number, expected: number | undefined): number {
    if (expected === undefined) return live;
    this.first ??= [expected, live];
    this.byScript.set(expected, live);
    const said = this.first[0] + ((live - this.first[1]) | 0);
    const elapsedUs = Math.abs(said - this.first[0]) * this.tickUs;
    const allowedUs = Math.max(this.toleranceUs, (elapsedUs * this.tolerancePercent) / 100);
    return Math.abs(said - expected) * this.tickUs <= allowedUs ? expected : said;
  }
}
