/**
 * Tables changed by commands: what -A, -I, -D, -R, -N, -X, -F, -Z, -P and -E do, with the complaints that iptables has for
 * them. Nothing here asks whether the table as a whole would be accepted; that is check.ts.
 */
import { TABLES, HOOK_NAMES, type Family, type TableName } from '../hook.ts';
import { makeRule, type Chain, type Rule, type Ruleset, type Table } from '../rule.ts';
import type { Command } from './build.ts';
import { LineError } from './line-error.ts';
import { saveRule } from './save.ts';
import { byteLength } from './values/text.ts';

/** The kernel's structure takes 29 bytes with the closing NUL. */
export const CHAIN_NAME_BYTES = 28;

export function makeRuleset(family: Family): Ruleset {
  return { family, tables: new Map() };
}

/** A table as it is when first used: its built-in chains, empty, with the policy ACCEPT. */
export function makeTable(family: Family, name: TableName): Table {
  const chains = new Map<string, Chain>();
  for (const { hook } of TABLES[name].hooks) {
    chains.set(HOOK_NAMES[hook], { ...makeChain(HOOK_NAMES[hook]), hook, policy: 'ACCEPT' });
  }
  return { family, spec: TABLES[name], chains };
}

export function makeChain(name: string): Chain {
  return { name, hook: null, policy: null, packets: 0, bytes: 0, rules: [] };
}

/** A copy whose chains can be changed without changing the original's; rules are shared. */
export function copyTable(table: Table): Table {
  const chains = new Map<string, Chain>();
  for (const chain of table.chains.values()) chains.set(chain.name, { ...chain, rules: [...chain.rules] });
  return { ...table, chains };
}

/** What -F and -X of everything leave: the built-in chains with their policies. */
export function emptyTable(table: Table): Table {
  const empty = makeTable(table.family, table.spec.name);
  for (const chain of empty.chains.values()) chain.policy = table.chains.get(chain.name)!.policy;
  return empty;
}

/** The name of the table, or an error when there is none such. */
export function tableNamed(name: string): TableName {
  if (Object.hasOwn(TABLES, name)) return name as TableName;
  throw new LineError(
    'RULE_CHAIN',
    `can't initialize iptables table \`${name}': Table does not exist (do you need to insmod?)`,
  );
}

const missing = () => new LineError('RULE_CHAIN', 'No chain/target/match by that name.');

export function chainNamed(table: Table, name: string): Chain {
  const chain = table.chains.get(name);
  if (chain === undefined) throw missing();
  return chain;
}

/** Carries the command out on the table; commands that only show something change nothing. */
export function applyCommand(command: Command, table: Table, isTarget: (name: string) => boolean): void {
  const { action, chain: name, number, operand, rules } = command;
  switch (action) {
    case 'append':
      refuseNatDrop(table, rules);
      for (const rule of rules) chainNamed(table, name!).rules.push(rule);
      return;
    case 'insert':
      refuseNatDrop(table, rules);
      return insert(chainNamed(table, name!), number ?? 1, rules);
    case 'replace':
      refuseNatDrop(table, rules);
      return replace(chainNamed(table, name!), number!, rules);
    case 'delete':
      return deleteRules(chainNamed(table, name!), number, rules, table.family);
    case 'check':
      for (const rule of rules) find(chainNamed(table, name!), rule, table.family);
      return;
    case 'new-chain':
      return newChain(table, name!, isTarget);
    case 'delete-chain':
      return name === null ? deleteUserChains(table) : deleteChain(table, name);
    case 'flush':
      for (const chain of name === null ? table.chains.values() : [chainNamed(table, name)])
        chain.rules.length = 0;
      return;
    case 'zero':
      return zero(table, name, number);
    case 'policy':
      return setPolicy(table, name!, operand!);
    case 'rename-chain':
      return rename(table, name!, operand!, isTarget);
    case 'list':
    case 'list-rules':
      if (name !== null) chainNamed(table, name);
      if (command.alsoZero) zero(table, name, number);
      return;
    case null:
      throw new LineError('RULE_SYNTAX', 'no command specified');
  }
}

function insert(chain: Chain, number: number, rules: readonly Rule[]): void {
  if (number > chain.rules.length + 1) throw new LineError('RULE_CHAIN', 'Index of insertion too big.');
  // Each is inserted at the same place in turn, so the last stands first.
  chain.rules.splice(number - 1, 0, ...rules.toReversed());
}

function replace(chain: Chain, number: number, rules: readonly Rule[]): void {
  if (rules.length !== 1) {
    throw new LineError('RULE_SYNTAX', 'Replacement rule does not specify a unique address');
  }
  if (number > chain.rules.length) throw new LineError('RULE_CHAIN', 'Index of replacement too big.');
  chain.rules[number - 1] = rules[0]!;
}

function deleteRules(chain: Chain, number: number | null, rules: readonly Rule[], family: Family): void {
  if (number !== null) {
    if (number > chain.rules.length) throw new LineError('RULE_CHAIN', 'Index of deletion too big.');
    chain.rules.splice(number - 1, 1);
    return;
  }
  for (const rule of rules) chain.rules.splice(find(chain, rule, family), 1);
}

/** The index of the first rule that says the same. */
function find(chain: Chain, rule: Rule, family: Family): number {
  const wanted = saveRule(rule, family);
  const index = chain.rules.findIndex((one) => saveRule(one, family) === wanted);
  if (index < 0) {
    throw new LineError('RULE_CHAIN', 'Bad rule (does a matching rule exist in that chain?).');
  }
  return index;
}

function refuseNatDrop(table: Table, rules: readonly Rule[]): void {
  const drops = rules.some(({ target }) => target.kind === 'standard' && target.verdict === 'DROP');
  if (table.spec.name === 'nat' && drops) throw natDrop();
}

function natDrop(): LineError {
  return new LineError(
    'RULE_SYNTAX',
    '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n',
  );
}

/** Refuses what iptables does not take as the name of a new chain. */
export function checkChainName(name: string, isTarget: (name: string) => boolean): void {
  const refuse = (message: string) => new LineError('RULE_SYNTAX', message);
  if (name.startsWith('-') || name.startsWith('!'))
    throw refuse(`chain name not allowed to start with \`${name[0]!}'`);
  if (byteLength(name) > CHAIN_NAME_BYTES) {
    throw refuse(`chain name \`${name}' too long (must be under ${CHAIN_NAME_BYTES + 1} chars)`);
  }
  if (name === '' || isTarget(name)) throw refuse('chain name may not clash with target name');
  if (/[\s\0]/.test(name)) throw refuse(`Invalid chain name \`${name}'`);
}

function newChain(table: Table, name: string, isTarget: (name: string) => boolean): void {
  checkChainName(name, isTarget);
  if (table.chains.has(name)) throw new LineError('RULE_CHAIN', 'Chain already exists.');
  table.chains.set(name, makeChain(name));
}

function deleteChain(table: Table, name: string): void {
  const chain = chainNamed(table, name);
  if (chain.hook !== null)
    throw new LineError('RULE_CHAIN', "Invalid argument. Run `dmesg' for more information.");
  if (isReferred(table, name)) throw new LineError('RULE_CHAIN', 'Too many links.');
  if (chain.rules.length > 0) throw new LineError('RULE_CHAIN', 'Directory not empty.');
  table.chains.delete(name);
}

function deleteUserChains(table: Table): void {
  for (const chain of [...table.chains.values()]) if (chain.hook === null) deleteChain(table, chain.name);
}

function refersTo(rule: Rule, name: string): boolean {
  return (rule.target.kind === 'jump' || rule.target.kind === 'goto') && rule.target.chain === name;
}

function isReferred(table: Table, name: string): boolean {
  for (const chain of table.chains.values())
    if (chain.rules.some((rule) => refersTo(rule, name))) return true;
  return false;
}

function zero(table: Table, name: string | null, number: number | null): void {
  for (const chain of name === null ? table.chains.values() : [chainNamed(table, name)]) {
    if (number !== null && number > chain.rules.length)
      throw new LineError('RULE_CHAIN', 'Index of counter too big.');
    const rules = number === null ? chain.rules : [chain.rules[number - 1]!];
    for (const counted of number === null ? [chain, ...rules] : rules) {
      counted.packets = 0;
      counted.bytes = 0;
    }
  }
}

function setPolicy(table: Table, name: string, policy: string): void {
  const chain = table.chains.get(name);
  if (chain === undefined || chain.hook === null)
    throw new LineError('RULE_CHAIN', 'Bad built-in chain name.');
  if (policy !== 'ACCEPT' && policy !== 'DROP') {
    throw new LineError('RULE_CHAIN', "Bad policy name. Run `dmesg' for more information.");
  }
  if (policy === 'DROP' && table.spec.name === 'nat') throw natDrop();
  chain.policy = policy;
}

function rename(table: Table, from: string, to: string, isTarget: (name: string) => boolean): void {
  checkChainName(to, isTarget);
  if (table.chains.has(to)) throw new LineError('RULE_CHAIN', 'File exists.');
  const chain = table.chains.get(from);
  if (chain === undefined || chain.hook !== null) throw missing();
  table.chains.delete(from);
  table.chains.set(to, { ...chain, name: to });
  for (const other of table.chains.values()) {
    other.rules.forEach((rule, i) => {
      if (refersTo(rule, from)) {
        other.rules[i] = makeRule({
          ...rule,
          target: { kind: rule.target.kind as 'jump' | 'goto', chain: to },
        });
      }
    });
  }
}
