/**
 * What the kernel checks when a table is put into force: no loops, and every match and target in a table, at a hook and
 * with a protocol that it is made for. As in the kernel, only what a packet can reach counts: from each hook the chains
 * are walked along jumps, and rules behind one that ends every packet's way are not reached. So an unreached loop
 * is accepted, and so is MASQUERADE in a chain that nobody jumps to.
 * Source: what Linux 6.18 refuses, and what it writes to its log then.
 */
import type { MatchExtension, RuleUse, TargetExtension } from '../extension.ts';
import { HOOK_NAMES } from '../hook.ts';
import { isUnconditional } from '../layout.ts';
import type { Chain, Rule, Table } from '../rule.ts';
import { LineError } from './line-error.ts';
import { formatProtocol } from './values/protocols.ts';
import { ValueError } from './value-error.ts';

/** A rule that the kernel would refuse, with what it has against it. */
export class RefusedRule extends Error {
  readonly rule: Rule;
  readonly error: LineError;

  constructor(rule: Rule, error: LineError) {
    super(error.message);
    this.name = 'RefusedRule';
    this.rule = rule;
    this.error = error;
  }
}

/** Throws RefusedRule for the first rule in the way. */
export function checkTable(table: Table): void {
  const reached = reachedHooks(table);
  for (const chain of table.chains.values()) {
    const end = reachedRules(chain);
    const hooks = reached.get(chain.name) ?? 0;
    for (let i = 0; i < chain.rules.length; i++) {
      const rule = chain.rules[i]!;
      if (rule.matches.length === 0 && rule.target.kind !== 'extension') continue;
      checkRule(rule, chain, table, i < end ? hooks : 0);
    }
  }
}

/** True when every packet that comes to the rule ends, or leaves the chain, there. */
function endsAll(rule: Rule): boolean {
  return rule.target.kind === 'standard' && isUnconditional(rule);
}

/** How many rules from the start of the chain a packet can come to. */
function reachedRules(chain: Chain): number {
  const end = chain.rules.findIndex(endsAll);
  return end < 0 ? chain.rules.length : end + 1;
}

interface Jump {
  readonly to: Chain;
  readonly rule: Rule;
}

/** The hooks from which each chain can be reached, as bit sets; throws RefusedRule at a loop. */
export function reachedHooks(table: Table): ReadonlyMap<string, number> {
  const jumps = new Map<string, readonly Jump[]>();
  for (const chain of table.chains.values()) jumps.set(chain.name, jumpsOf(chain, table));
  const reached = new Map<string, number>();
  for (const base of table.chains.values()) {
    if (base.hook !== null) walk(base, 1 << base.hook, jumps, reached);
  }
  return reached;
}

function jumpsOf(chain: Chain, table: Table): readonly Jump[] {
  const jumps = new Map<string, Jump>();
  const end = reachedRules(chain);
  for (let i = 0; i < end; i++) {
    const rule = chain.rules[i]!;
    if (rule.target.kind !== 'jump' && rule.target.kind !== 'goto') continue;
    const name = rule.target.chain;
    if (jumps.has(name)) continue;
    const to = table.chains.get(name);
    if (to === undefined || to.hook !== null) {
      const what = to === undefined ? 'that does not exist' : 'that is built in';
      throw new RefusedRule(rule, new LineError('RULE_REFUSED', `jump to the chain "${name}", ${what}`));
    }
    jumps.set(name, { to, rule });
  }
  return [...jumps.values()];
}

/** Depth first with a stack of its own: chains may be nested as deeply as there are chains. */
function walk(
  base: Chain,
  hook: number,
  jumps: ReadonlyMap<string, readonly Jump[]>,
  reached: Map<string, number>,
): void {
  const path: { chain: Chain; next: number }[] = [{ chain: base, next: 0 }];
  const onPath = new Set([base.name]);
  reached.set(base.name, hook);
  while (path.length > 0) {
    const top = path[path.length - 1]!;
    const jump = jumps.get(top.chain.name)![top.next++];
    if (jump === undefined) {
      path.pop();
      onPath.delete(top.chain.name);
      continue;
    }
    const name = jump.to.name;
    if (onPath.has(name))
      throw loop(
        jump,
        path.map(({ chain }) => chain.name),
      );
    const before = reached.get(name) ?? 0;
    if ((before & hook) !== 0) continue;
    reached.set(name, before | hook);
    onPath.add(name);
    path.push({ chain: jump.to, next: 0 });
  }
}

function loop(jump: Jump, path: readonly string[]): RefusedRule {
  const circle = [...path.slice(path.indexOf(jump.to.name)), jump.to.name];
  const shown = circle.length > 8 ? [...circle.slice(0, 4), '…', ...circle.slice(-3)] : circle;
  return new RefusedRule(jump.rule, new LineError('RULE_REFUSED', `loop of chains: ${shown.join(' -> ')}`));
}

function checkRule(rule: Rule, chain: Chain, table: Table, hooks: number): void {
  const use: RuleUse = {
    family: table.family,
    table: table.spec.name,
    chain: chain.name,
    hooks,
    protocol: rule.protocol,
    matches: rule.matches,
  };
  for (const { extension, info } of rule.matches) {
    refuseMisplaced(extension, rule, use);
    if (extension.check !== undefined) guarded(rule, () => extension.check!(info, use));
  }
  if (rule.target.kind === 'extension') {
    const { extension, info } = rule.target;
    refuseMisplaced(extension, rule, use);
    if (extension.check !== undefined) guarded(rule, () => extension.check!(info, use));
  }
}

/** In the kernel's words (x_tables), as it logs them. */
function refuseMisplaced(extension: MatchExtension | TargetExtension, rule: Rule, use: RuleUse): void {
  const what = `${extension.name} ${extension.kind}`;
  if (extension.tables !== undefined && !extension.tables.includes(use.table)) {
    throw refused(rule, `${what}: only valid in ${extension.tables.join('/')} table, not ${use.table}`);
  }
  if (extension.hooks !== undefined) {
    const allowed = extension.hooks.reduce<number>((bits, hook) => bits | (1 << hook), 0);
    if ((use.hooks & ~allowed) !== 0) {
      const used = hookNames(use.hooks);
      throw refused(rule, `${what}: used from hooks ${used}, but only usable from ${hookNames(allowed)}`);
    }
  }
  if (extension.protocols !== undefined) {
    const given = use.protocol;
    if (given === null || given.not || !extension.protocols.includes(given.number)) {
      const names = extension.protocols.map((number) => formatProtocol(number)).join(' or ');
      throw refused(rule, `${what}: only valid for protocol ${names}`);
    }
  }
}

function hookNames(hooks: number): string {
  return HOOK_NAMES.filter((_, hook) => (hooks & (1 << hook)) !== 0).join('/');
}

function refused(rule: Rule, message: string): RefusedRule {
  return new RefusedRule(rule, new LineError('RULE_REFUSED', message));
}

function guarded(rule: Rule, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const code = error.kind === 'REFUSED' ? 'RULE_REFUSED' : 'RULE_SYNTAX';
    throw new RefusedRule(rule, new LineError(code, error.message));
  }
}
