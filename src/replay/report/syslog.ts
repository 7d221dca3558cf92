/**
 * `--syslog [SELECTOR=]FILE`: the lines of LOG and TRACE as a syslog daemon would have written them,
 *
 *     Nov 14 22:13:20 gateway kernel: [    0.350000] refused: IN=eth1 OUT= MAC=…
 *
 * in the traditional format (RFC 3164). Times are those of the capture, in UTC; the machine was started, as far as the
 * kernel's own time stamp goes, when the first frame came.
 */
import type { LogLine } from '../../netfilter/log.ts';
import type { PacketOutcome } from '../outcome.ts';
import { escapeSyslog } from './escape.ts';
import { FdOutput, type Output } from './output.ts';
import type { Report } from './report.ts';
import { SyslogSelector } from './syslog-selector.ts';
import { formatSyslogTime, formatUptime } from './times.ts';

export interface SyslogTarget {
  readonly selector: SyslogSelector;
  readonly path: string;
}

/** A selector, an equals sign, a file; without the first two, all lines go to the file. */
const WITH_SELECTOR = /^([\w*,]+\.!?=?[\w*]+(?:;[\w*,]+\.!?=?[\w*]+)*)=(.+)$/s;
const HOST_NAME = 'gateway';

export function parseSyslogTarget(text: string): SyslogTarget {
  const match = WITH_SELECTOR.exec(text);
  return match === null
    ? { selector: new SyslogSelector('*.*'), path: text }
    : { selector: new SyslogSelector(match[1]!), path: match[2]! };
}

export function syslogToFile({ selector, path }: SyslogTarget): SyslogReport {
  return new SyslogReport(selector, FdOutput.create(path));
}

export class SyslogReport implements Report {
  private readonly selector: SyslogSelector;
  private readonly out: Output & { close?(): void };
  private start: number | null = null;
  /** Lines of the first frame: its time is known when it is done with. */
  private readonly early: LogLine[] = [];

  constructor(selector: SyslogSelector, out: Output & { close?(): void }) {
    this.selector = selector;
    this.out = out;
  }

  log(line: LogLine): void {
    if (!this.selector.takes(line.level)) return;
    if (this.start === null) this.early.push(line);
    else this.out.write(syslogLine(line, this.start));
  }

  packet(outcome: PacketOutcome): void {
    if (this.start === null) this.begin(outcome.timeUs);
  }

  finish(): void {
    const [first] = this.early;
    if (first !== undefined) this.begin(first.time);
    this.out.flush();
  }

  close(): void {
    if (this.out.close === undefined) this.out.flush();
    else this.out.close();
  }

  private begin(timeUs: number): void {
    this.start = timeUs;
    for (const line of this.early) this.out.write(syslogLine(line, timeUs));
    this.early.length = 0;
  }
}

export function syslogLine({ time, text }: LogLine, start: number): string {
  const head = `${formatSyslogTime(time)} ${HOST_NAME} kernel: ${formatUptime(Math.max(0, time - start))}`;
  return `${head} ${escapeSyslog(text)}\n`;
}
