/**
 * Which rules can be reached from which hooks, and whether some way leads in a circle (Linux: mark_source_chains). A
 * rule without conditions that ends in a verdict hides the rules behind it, and what nobody reaches may well be a
 * circle: the kernel loads it, since it never runs.
 *
 * The walk keeps its own stack, so chains may be nested as deep as memory allows.
 */
import { SluiceError } from '../base/errors.ts';
import { isUnconditional, type Layout } from './layout.ts';
import type { Rule } from './rule.ts';

/** A rule that leads nowhere, or back to where it came from. */
export class ReachError extends SluiceError {
  readonly rule: Rule;

  constructor(code: 'RULE_LOOP' | 'RULE_CHAIN', message: string, rule: Rule) {
    super(code, message, rule.place ?? {});
    this.name = 'ReachError';
    this.rule = rule;
  }
}

/** Hooks by slot, as bits (1 << Hook). Throws ReachError. */
export function reachableHooks(layout: Layout): Uint8Array {
  const jumps = jumpTargets(layout);
  const hooks = new Uint8Array(layout.slotCount);
  const onPath = new Uint8Array(layout.chains.length);
  layout.chains.forEach((chain, number) => {
    if (chain.hook !== null) walk(layout, jumps, number, 1 << chain.hook, hooks, onPath);
  });
  return hooks;
}

/** By slot: the number of the chain that a rule jumps or goes to, -1 for rules that stay. */
export function jumpTargets(layout: Layout): Int32Array {
  const targets = new Int32Array(layout.slotCount).fill(-1);
  layout.chains.forEach((chain, number) => {
    chain.rules.forEach((rule, index) => {
      const { target } = rule;
      if (target.kind !== 'jump' && target.kind !== 'goto') return;
      const to = layout.chainNumber(target.chain);
      if (to < 0 || layout.chains[to]!.hook !== null) {
        const what = to < 0 ? 'that does not exist' : 'that is built in';
        throw new ReachError('RULE_CHAIN', `jump to the chain "${target.chain}", ${what}`, rule);
      }
      targets[layout.starts[number]! + index] = to;
    });
  });
  return targets;
}

function walk(
  layout: Layout,
  jumps: Int32Array,
  from: number,
  bit: number,
  hooks: Uint8Array,
  onPath: Uint8Array,
): void {
  const path = [from];
  const next = [layout.starts[from]!];
  onPath[from] = 1;
  while (path.length > 0) {
    const chain = path.at(-1)!;
    const slot = next.at(-1)!;
    if (slot >= layout.starts[chain + 1]! || (hooks[slot]! & bit) !== 0) {
      onPath[chain] = 0;
      path.pop();
      next.pop();
      continue;
    }
    hooks[slot]! |= bit;
    const rule = layout.chains[chain]!.rules[slot - layout.starts[chain]!];
    const ends = rule?.target.kind === 'standard' && isUnconditional(rule);
    next[next.length - 1] = ends ? layout.starts[chain + 1]! : slot + 1;
    const to = jumps[slot]!;
    if (to < 0) continue;
    if (onPath[to] === 1) throw loop(layout, rule!, [...path.slice(path.indexOf(to)), to]);
    onPath[to] = 1;
    path.push(to);
    next.push(layout.starts[to]!);
  }
}

/** Names shown of a circle of chains that is longer: its beginning and its end. */
const SHOWN_FIRST = 4;
const SHOWN_LAST = 3;

function loop(layout: Layout, rule: Rule, circle: readonly number[]): ReachError {
  const names = circle.map((chain) => layout.chains[chain]!.name);
  const shown =
    names.length > SHOWN_FIRST + SHOWN_LAST + 1
      ? [...names.slice(0, SHOWN_FIRST), '…', ...names.slice(-SHOWN_LAST)]
      : names;
  return new ReachError('RULE_LOOP', `loop of chains: ${shown.join(' -> ')}`, rule);
}
