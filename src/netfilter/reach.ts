/**
 * Which rules can be reached from which hooks, and whether some way leads in a circle (Linux: mark_source_chains). A
 * rule without conditions that ends in a verdict hides the rules behind it, and what nobody reaches may well be a
 * circle: the kernel loads it, since it never runs.
 *
 * The walk keeps its own stack, so chains may be nested as deep as memory allows.
 */
import { SluiceError } from '../base/errors.ts';
import { isUnconditional, type Layout } from './layout.ts';

/** Hooks by slot, as bits (1 << Hook). Throws SluiceError RULE_LOOP or RULE_CHAIN. */
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
        throw new SluiceError(
          'RULE_CHAIN',
          `${layout.table.spec.name}: chain ${chain.name}, rule ${index + 1}: no user chain "${target.chain}"`,
          rule.place ?? {},
        );
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
    if (onPath[to] === 1) throw loop(layout, slot);
    onPath[to] = 1;
    path.push(to);
    next.push(layout.starts[to]!);
  }
}

function loop(layout: Layout, slot: number): SluiceError {
  return new SluiceError(
    'RULE_LOOP',
    `${layout.table.spec.name}: chain ${layout.chains[layout.chainOf(slot)]!.name} leads back to itself (loop)`,
    layout.ruleAt(slot)?.place ?? {},
  );
}
