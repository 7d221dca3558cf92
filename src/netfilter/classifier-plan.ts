/**
 * Planning a chain's index: under which of its fields each rule is filed.
 *
 * A signature is a choice of fields (source under a mask, destination under a mask, protocol, one port, interfaces). A
 * packet pays for every signature in use, and for every rule filed under the same values as its own, so the plan wants
 * few signatures and few rules a value:
 *
 *   1. For each rule, list the signatures it could use: each field alone, and all together.
 *   2. A signature suits a rule when few rules share its values. Of those that suit, a rule takes the one that
 *      suits most rules; where none does, the one with the smallest crowd.
 *   3. While there are too many signatures, one whose rules can all be filed under another (a /28 under its /24) is given
 *      up, the smallest first. A signature that only one rule uses costs more than walking the rule, which moves to where
 *      it fits or to the residual list.
 *
 * Ports are filed by prefix: port 80 as itself, a range as the few aligned blocks that cover it (more than it, maybe;
 * the rule is evaluated in full anyway). Blocks have 1, 8, 64, 512 or 4096 ports, each size in use being a lookup of its
 * own. A range so wide that it tells little is not used.
 *
 * The plan costs time linear in the number of rules, and so does its memory: a rule has at most 23 blocks a range.
 */
import type { InterfacePatterns } from './interface-patterns.ts';
import type { Program } from './compile.ts';
import { LEAD } from './walk.ts';
import { readRules, type FiledRule } from './classifier-rules.ts';
import { Masks, type Signature } from './classifier-signature.ts';

export interface IndexPlan {
  readonly groups: readonly PlannedGroup[];
  /** Slots by hash, ascending. */
  readonly lists: Map<number, number[]>;
  /** Sum of the lists' lengths. */
  readonly entries: number;
  readonly residual: readonly number[];
}

export interface PlannedGroup {
  readonly dims: number;
  readonly seed: number;
  readonly level: number;
  readonly sourceMask: Int32Array;
  readonly destinationMask: Int32Array;
}

/** Rules that may share their values before a signature counts as not telling them apart: one in 32, at most 8. */
const CROWD_SHARE = 32;
const MAX_CROWD = 8;
/** Lookups beyond which signatures are merged where they can be. */
const MAX_GROUPS = 16;
/** What a group's lookup costs, in rules walked. */
const GROUP_COST = 1.3;
/** Entering an index at all, in the same unit. */
const INDEX_COST = 3;

/** Null where walking the chain is cheaper than any index of it. */
export function planIndex(program: Program, chain: number, patterns: InterfacePatterns): IndexPlan | null {
  const masks = new Masks(program.rows, program.addressWords);
  if (program.layout.chains[chain]!.rules.length < LEAD + INDEX_COST) return null;
  const rules = readRules(program, chain, patterns, masks);
  const crowds = new Crowds();
  for (const rule of rules) for (const signature of rule.signatures) crowds.add(signature, rule);
  const homes = assign(rules, crowds);
  const residual = prune(rules, homes);
  const plan = layOut(homes, residual);
  const cost = INDEX_COST + GROUP_COST * plan.groups.length + plan.residual.length;
  return cost < rules.length - LEAD ? plan : null;
}

/** How many rules share the values of a signature. */
class Crowds {
  private readonly counts = new Map<number, number>();

  add(signature: Signature, rule: FiledRule): void {
    signature.eachHash(rule, (hash) => this.counts.set(hash, (this.counts.get(hash) ?? 0) + 1));
  }

  /** The largest crowd that the rule would stand in. */
  of(signature: Signature, rule: FiledRule): number {
    let largest = 0;
    signature.eachHash(rule, (hash) => {
      largest = Math.max(largest, this.counts.get(hash) ?? 0);
    });
    return largest;
  }
}

/** The rules filed under one signature. */
class Home {
  readonly rules = new Set<FiledRule>();
  /** Block sizes of ports among them: lookups that a packet pays for. */
  readonly levels = new Set<number>();
  private readonly signature: Signature;

  constructor(signature: Signature) {
    this.signature = signature;
  }

  add(rule: FiledRule): void {
    this.rules.add(rule);
    this.signature.eachLevel(rule, (level) => this.levels.add(level));
  }
}

type Homes = Map<Signature, Home>;

function assign(rules: readonly FiledRule[], crowds: Crowds): Homes {
  const suits = new Map<Signature, number>();
  const limit = Math.max(1, Math.min(MAX_CROWD, Math.floor(rules.length / CROWD_SHARE)));
  const suitable = rules.map((rule) => {
    const good = rule.signatures.filter((signature) => crowds.of(signature, rule) <= limit);
    for (const signature of good) suits.set(signature, (suits.get(signature) ?? 0) + 1);
    return good;
  });
  const homes: Homes = new Map();
  rules.forEach((rule, i) => {
    const signature =
      best(suitable[i]!, (candidate) => suits.get(candidate) ?? 0) ??
      best(rule.signatures, (candidate) => -crowds.of(candidate, rule));
    if (signature === null) return;
    if (!homes.has(signature)) homes.set(signature, new Home(signature));
    homes.get(signature)!.add(rule);
  });
  return homes;
}

function best<T>(items: Iterable<T>, score: (item: T) => number): T | null {
  let winner: T | null = null;
  let high = -Infinity;
  for (const item of items) {
    const value = score(item);
    if (value <= high) continue;
    winner = item;
    high = value;
  }
  return winner;
}

/** Gives up signatures until few enough are left. Returns the rules that no signature keeps, in order. */
function prune(rules: readonly FiledRule[], homes: Homes): FiledRule[] {
  const homeless = new Set(rules);
  for (const home of homes.values()) for (const rule of home.rules) homeless.delete(rule);
  for (;;) {
    const given = dispensable(homes);
    if (given === null) break;
    const movers = homes.get(given)!.rules;
    homes.delete(given);
    const standIn = finest(homes, (other) => other.isCoarserThan(given));
    for (const rule of movers) {
      const signature = standIn ?? finest(homes, (other) => other.fits(rule));
      if (signature === null) homeless.add(rule);
      else homes.get(signature)!.add(rule);
    }
  }
  return rules.filter((rule) => homeless.has(rule));
}

/** Among the signatures in use that will do, the one that tells most rules apart. */
function finest(homes: Homes, willDo: (signature: Signature) => boolean): Signature | null {
  return best(homes.keys(), (signature) => (willDo(signature) ? signature.fineness : -Infinity));
}

/** The signature to give up next: one that costs more than its rules, or one too many that another can stand in for. */
function dispensable(homes: Homes): Signature | null {
  let lookups = 0;
  for (const [signature, home] of homes) {
    if (home.rules.size <= GROUP_COST) return signature;
    lookups += home.levels.size;
  }
  if (lookups <= MAX_GROUPS) return null;
  const bySize = [...homes.keys()].sort((a, b) => homes.get(a)!.rules.size - homes.get(b)!.rules.size);
  const replaceable = (signature: Signature): boolean =>
    bySize.some((other) => other !== signature && other.isCoarserThan(signature));
  return bySize.find(replaceable) ?? null;
}

function layOut(homes: Homes, residual: readonly FiledRule[]): IndexPlan {
  const groups: PlannedGroup[] = [];
  const lists = new Map<number, number[]>();
  let entries = 0;
  for (const [signature, home] of homes) {
    const { dims, sourceMask, destinationMask } = signature;
    for (const level of home.levels) {
      groups.push({ dims, seed: signature.seed(level), level, sourceMask, destinationMask });
    }
    for (const rule of [...home.rules].sort((a, b) => a.slot - b.slot)) {
      signature.eachHash(rule, (hash) => {
        const list = lists.get(hash);
        if (list === undefined) lists.set(hash, [rule.slot]);
        else if (list.at(-1) !== rule.slot) list.push(rule.slot);
        else return;
        entries++;
      });
    }
  }
  return { groups, lists, entries, residual: residual.map((rule) => rule.slot) };
}
