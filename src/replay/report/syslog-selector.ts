/**
 * Selectors as syslog.conf(5) knows them: `facility.priority`, several joined by semicolons, each read on top of what those
 * before it chose.
 *
 *     kern.warning            warning and everything more severe
 *     kern.=info              info alone
 *     *.info;kern.!err        info and above, but of the kernel not err and above
 *     *.*;kern.none           everything, of the kernel nothing
 *     auth,kern.crit          one priority for several facilities
 *     kern.!=debug            takes debug alone away
 *
 * All our lines are the kernel's, so what is said of other facilities is checked and changes nothing.
 */
import { SluiceError } from '../../base/errors.ts';

/** By severity: 0 is emerg. */
const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
/** Spellings that syslog.conf(5) calls deprecated. */
const OLD_NAMES = new Map([
  ['panic', 'emerg'],
  ['error', 'err'],
  ['warn', 'warning'],
]);
const FACILITIES: ReadonlySet<string> = new Set([
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'security', 'console', 'mark'],
  ...Array.from({ length: 8 }, (_, i) => `local${i}`),
]);
const ALL = 0xff;

export class SyslogSelector {
  /** Bit n: lines of severity n are taken. */
  private readonly levels: number;

  /** Throws a SluiceError that quotes the part it does not understand. */
  constructor(text: string) {
    let levels = 0;
    for (const part of text.split(';')) levels = applyPart(part.trim(), levels);
    this.levels = levels;
  }

  takes(level: number): boolean {
    return (this.levels & (1 << level)) !== 0;
  }
}

function applyPart(part: string, before: number): number {
  const dot = part.lastIndexOf('.');
  if (dot <= 0) throw wrong(part, 'expected is FACILITY.PRIORITY');
  const facilities = part.slice(0, dot).split(',');
  for (const facility of facilities) {
    if (facility !== '*' && !FACILITIES.has(facility)) throw wrong(part, `no such facility: "${facility}"`);
  }
  const [, not, exact, name] = /^(!?)(=?)(.*)$/s.exec(part.slice(dot + 1))!;
  const chosen = levelsOf(name!, exact === '=', part);
  if (!facilities.includes('kern') && !facilities.includes('*')) return before;
  if (name === 'none') return 0;
  return not === '!' ? before & ~chosen : before | chosen;
}

function levelsOf(name: string, exact: boolean, part: string): number {
  if (name === '*') return ALL;
  if (name === 'none') return 0;
  const level = (LEVELS as readonly string[]).indexOf(OLD_NAMES.get(name) ?? name);
  if (level < 0) throw wrong(part, `no such priority: "${name}"`);
  return exact ? 1 << level : (1 << (level + 1)) - 1;
}

function wrong(part: string, what: string): SluiceError {
  return new SluiceError('SYSLOG_SELECTOR', `syslog selector "${part}": ${what}`);
}
