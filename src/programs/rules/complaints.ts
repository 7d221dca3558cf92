/** What iptables and iptables-restore say, and with which status they end, when a rule or a table is not to be had. */
import type { RuleError } from '../../netfilter/syntax/index.ts';
import { Failure, Status } from './failure.ts';

/** The release of iptables whose words and output these programs have. */
export const IPTABLES_VERSION = '1.8.9';

export function banner(program: string): string {
  return `${program} v${IPTABLES_VERSION} (legacy)`;
}

export function seeHelp(program: string): string {
  return `Try \`${program} -h' or '${program} --help' for more information.\n`;
}

/** Words that make no sense: status 2. `where` stands before the advice. */
export function usage(program: string, said: string, where = ''): Failure {
  const start = said.startsWith('Bad argument') ? '' : `${banner(program)}: `;
  return new Failure(Status.PARAMETER, `${start}${said}\n${where}${seeHelp(program)}`);
}

/** As iptables complains about one command. */
export function commandFailure(program: string, error: RuleError): Failure {
  const { code, said } = error;
  if (said.startsWith("can't initialize")) {
    const advice = 'Perhaps iptables or your kernel needs to be upgraded.\n';
    return new Failure(Status.VERSION, `${banner(program)}: ${said}\n${advice}`);
  }
  if (code === 'RULE_SYNTAX' || code === 'RULE_UNKNOWN') return usage(program, said);
  const why = code === 'RULE_CHAIN' ? said : said.startsWith('loop of chains') ? LOOP : refusal(said);
  return new Failure(Status.OTHER, `${program}: ${why}\n`);
}

const LOOP = 'Too many levels of symbolic links.';

/** What the kernel's refusals are called: few words for many reasons. */
const NAMED_REFUSALS = ['No chain/target/match by that name', 'Numerical result out of range'];

function refusal(said: string): string {
  const known = NAMED_REFUSALS.find((text) => said.includes(text));
  return known === undefined ? "Invalid argument. Run `dmesg' for more information." : `${known}.`;
}

/** As iptables-restore complains; `text` is what it was reading. */
export function restoreFailure(program: string, error: RuleError, text: string): Failure {
  const { code, said } = error;
  const line = error.place.line ?? 0;
  const atLine = `Error occurred at line: ${line}\n`;
  if (said.startsWith('unable to initialize')) return usage(program, `${program}: ${said}`, atLine);
  if (said === 'policy invalid') return usage(program, `${program}: line ${line} ${said}`, atLine);
  if (said.startsWith('error creating chain')) return usage(program, said, atLine);
  if (said.startsWith("Can't set policy")) return new Failure(Status.OTHER, `${banner(program)}: ${said}\n`);
  if (said.startsWith('COMMIT expected')) return new Failure(Status.OTHER, `${program}: ${said}\n`);
  if (said.endsWith('not in a table')) return new Failure(Status.OTHER, `${program}: line ${line} failed\n`);
  if (code === 'RULE_SYNTAX' || code === 'RULE_UNKNOWN') return usage(program, said, atLine);
  // The kernel sees a table when it is committed, and so complains there.
  const failed = code === 'RULE_REFUSED' ? commitAfter(text, line) : line;
  return new Failure(Status.OTHER, `${program}: line ${failed} failed\n`);
}

function commitAfter(text: string, line: number): number {
  const lines = text.split('\n');
  const found = lines.findIndex((one, i) => i >= line - 1 && one.trim() === 'COMMIT');
  return found < 0 ? line : found + 1;
}
