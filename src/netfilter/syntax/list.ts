/**
 * Tables as `iptables -L` shows them, and a rule as the commands show it with `-v`. Source: iptables 1.8.9 (legacy) and
 * its output. Without `-n` addresses have the names that `nameOf` knows; those that matches and targets show have none.
 */
import type { Given, Info, MatchExtension, TargetExtension } from '../extension.ts';
import type { Family } from '../hook.ts';
import type { AddressMatch, Chain, InterfaceMatch, Rule, Table } from '../rule.ts';
import { chainsInOrder } from './save.ts';
import { formatAddress, formatMask } from './values/addresses.ts';
import { formatProtocol } from './values/protocols.ts';

export interface ListOptions {
  /** `-n`. */
  readonly numeric?: boolean;
  /** What an address is called; null for nothing. Not asked with `-n`. */
  readonly nameOf?: (address: string) => string | null;
  /** `-v`: counters and interfaces too. */
  readonly verbose?: boolean;
  /** `-x`. */
  readonly exact?: boolean;
  /** `--line-numbers`. */
  readonly numbered?: boolean;
  /** This chain only. */
  readonly chain?: string | null;
  /** This rule of it only, from 1, without any heading. */
  readonly number?: number | null;
}

/** What `-L` prints of the table. */
export function listTable(table: Table, options: ListOptions = {}): string {
  const { chain: only = null, number = null } = options;
  const chains = chainsInOrder(table).filter(({ name }) => only === null || name === only);
  const references = countReferences(table);
  return chains
    .map((chain) => {
      const rules = number === null ? chain.rules : chain.rules.slice(number - 1, number);
      const lines = rules.map((rule, i) => ruleLine(rule, number ?? i + 1, table.family, options));
      const heading = number === null ? [title(chain, references, options), columns(options)] : [];
      return [...heading, ...lines].map((line) => `${line}\n`).join('');
    })
    .join('\n');
}

function countReferences(table: Table): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const chain of table.chains.values()) {
    for (const { target } of chain.rules) {
      if (target.kind !== 'jump' && target.kind !== 'goto') continue;
      counts.set(target.chain, (counts.get(target.chain) ?? 0) + 1);
    }
  }
  return counts;
}

function title(chain: Chain, references: ReadonlyMap<string, number>, options: ListOptions): string {
  if (chain.policy === null) return `Chain ${chain.name} (${references.get(chain.name) ?? 0} references)`;
  const count = (value: number) => counter(value, { ...options, width: 0 }).trim();
  const counted =
    options.verbose === true ? ` ${count(chain.packets)} packets, ${count(chain.bytes)} bytes` : '';
  return `Chain ${chain.name} (policy ${chain.policy}${counted})`;
}

function columns({ numbered, verbose, exact }: ListOptions): string {
  const counters = verbose !== true ? '' : exact === true ? '    pkts      bytes ' : ' pkts bytes ';
  const interfaces = verbose === true ? 'in     out     ' : '';
  const number = numbered === true ? 'num  ' : '';
  return `${number}${counters}target     prot opt ${interfaces}${'source'.padEnd(20)} ${'destination'.padEnd(20)}`;
}

const UNITS = ['K', 'M', 'G', 'T'] as const;

/** Five digits and a unit, or with `-x` all of them. */
function counter(value: number, { exact, width }: { exact?: boolean; width: number }): string {
  if (exact === true) return `${String(value).padStart(width)} `;
  if (value <= 99_999) return `${String(value).padStart(5)} `;
  let rest = Math.floor((value + 500) / 1000);
  let unit = 0;
  while (rest > 9999 && unit < UNITS.length - 1) {
    rest = Math.floor((rest + 500) / 1000);
    unit++;
  }
  return `${String(rest).padStart(4)}${UNITS[unit]!} `;
}

function ruleLine(rule: Rule, number: number, family: Family, options: ListOptions): string {
  const { numeric = false, verbose = false, exact = false } = options;
  let line = options.numbered === true ? `${String(number).padEnd(4)} ` : '';
  if (verbose) line += counter(rule.packets, { exact, width: 8 }) + counter(rule.bytes, { exact, width: 8 });
  line += `${targetName(rule).padEnd(9)} ${protocolColumn(rule, numeric)}${fragmentColumn(rule)} `;
  if (verbose) {
    const any = numeric ? '*' : 'any';
    line += ` ${interfaceText(rule.inInterface, any).padEnd(6)} ${interfaceText(rule.outInterface, any).padEnd(6)} `;
  }
  for (const address of [rule.source, rule.destination]) {
    const text =
      address === null && !numeric
        ? 'anywhere'
        : addressText(address, family, numeric ? undefined : options.nameOf);
    line += `${address?.not === true ? '!' : ' '}${text.padEnd(19)} `;
  }
  return line + tail(rule, family, numeric);
}

/** What `-v` shows of a rule that a command adds, finds or deletes. */
export function describeRule(rule: Rule, family: Family): string {
  const { source, destination } = rule;
  const not = (given: { readonly not: boolean } | null) => (given?.not === true ? '!' : ' ');
  const where = `in ${interfaceText(rule.inInterface, '*')} out ${interfaceText(rule.outInterface, '*')}`;
  const addresses = `${not(source)}${addressText(source, family)} ${not(destination)}-> ${addressText(destination, family)}`;
  const protocol = protocolColumn(rule, false).trimEnd();
  return `${targetName(rule)} ${protocol} opt ${fragmentColumn(rule)} ${where} ${addresses}  ${tail(rule, family, true)}`;
}

function targetName({ target }: Rule): string {
  switch (target.kind) {
    case 'none':
      return '';
    case 'standard':
      return target.verdict;
    case 'jump':
    case 'goto':
      return target.chain;
    case 'extension':
      return target.extension.listedAs ?? target.extension.name;
  }
}

function protocolColumn({ protocol }: Rule, numeric: boolean): string {
  const number = protocol?.number ?? 0;
  const text = numeric ? String(number) : number === 0 ? 'all' : formatProtocol(number);
  return `${protocol?.not === true ? '!' : ' '}${text.padEnd(4)} `;
}

function fragmentColumn({ fragment }: Rule): string {
  return fragment === null ? '--' : fragment.not ? '!f' : '-f';
}

function interfaceText(given: InterfaceMatch | null, any: string): string {
  if (given === null) return any;
  return `${given.not ? '!' : ''}${given.name}`;
}

function addressText(address: AddressMatch | null, family: Family, nameOf?: ListOptions['nameOf']): string {
  if (address === null) return family === 4 ? '0.0.0.0/0' : '::/0';
  const length = formatMask(address.mask, family);
  const whole = length === (family === 4 ? '32' : '128');
  const text = formatAddress(address.words, family);
  return `${nameOf?.(text) ?? text}${whole ? '' : `/${length}`}`;
}

/** `[goto] ` and what the extensions say, each with a space before it. */
function tail({ matches, target, protocol }: Rule, family: Family, numeric: boolean): string {
  let text = target.kind === 'goto' ? '[goto] ' : '';
  const add = (extension: MatchExtension | TargetExtension, info: Info) => {
    const given = info as Record<string, Given<never>>;
    text += spaced(extension, extension.list?.(given, family, numeric, protocol?.number ?? null) ?? '');
  };
  for (const { extension, info } of matches) add(extension, info);
  if (target.kind === 'extension') add(target.extension, target.info);
  return text;
}

function spaced(extension: MatchExtension | TargetExtension, text: string): string {
  return text === '' || extension.listsUnspaced === true ? text : ` ${text}`;
}
