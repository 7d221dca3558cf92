/**
 * What the kernel checks when a table is put into force: no loops, and every match and target in a table, at a hook and
 * with a protocol that it is made for. As in the kernel, only what a packet can reach counts: from each hook the chains
 * are walked along jumps, and rules behind one that ends every packet's way are not reached. So an unreached loop
 * is accepted, and so is MASQUERADE in a chain that nobody jumps to.
 * Source: what Linux 6.18 refuses, and what it writes to its log then.
 */
import type { MatchExtension, RuleUse, TargetExtension } from '../extension.ts';
import { HOOK_NAMES } from '../hook.ts';
import { Layout } from '../layout.ts';
import { ReachError, reachableHooks } from '../reach.ts';
import type { KnownObjects } from '../named-objects.ts';
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

/** Throws RefusedRule for the first rule in the way. `objects`: what rules may name besides chains. */
export function checkTable(table: Table, objects?: KnownObjects): void {
  const layout = new Layout(table);
  const hooks = hooksBySlot(layout);
  layout.chains.forEach((chain, number) => {
    chain.rules.forEach((rule, index) => {
      if (rule.matches.length === 0 && rule.target.kind !== 'extension') return;
      checkRule(rule, chain, table, hooks[layout.starts[number]! + index]!, objects);
    });
  });
}

function hooksBySlot(layout: Layout): Uint8Array {
  try {
    return reachableHooks(layout);
  } catch (error) {
    if (!(error instanceof ReachError)) throw error;
    throw new RefusedRule(error.rule, new LineError('RULE_REFUSED', error.message));
  }
}

function checkRule(
  rule: Rule,
  chain: Chain,
  table: Table,
  hooks: number,
  objects: KnownObjects | undefined,
): void {
  const use: RuleUse = {
    family: table.family,
    table: table.spec.name,
    chain: chain.name,
    hooks,
    protocol: rule.protocol,
    matches: rule.matches,
    ...(objects === undefined ? {} : { objects }),
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
