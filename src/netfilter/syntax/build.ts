/**
 * From a plan and the words of a line to what the line commands: rules as data (src/netfilter/rule.ts) and what is to be
 * done with them. This runs once a line of a rules file, so it does what the values need and no more.
 */
import type { Place } from '../../base/errors.ts';
import type { Given, Info, MatchExtension, TargetExtension } from '../extension.ts';
import type { Family } from '../hook.ts';
import { makeRule, type InterfaceMatch, type MatchUse, type Rule, type RuleTarget } from '../rule.ts';
import { ANYWHERE, addressMatches, textAt, type Resolver } from './address-match.ts';
import { located } from './getopt.ts';
import { LineError } from './line-error.ts';
import type { CommandPlan, ExtensionPlan, OptionStep, Ref, RefNot, TargetPlan } from './plan.ts';
import type { ActionName } from './tree.ts';
import { byteLength } from './values/text.ts';

export interface BuildContext {
  readonly family: Family;
  readonly resolve: Resolver | null;
  /** Whether `[packets:bytes]` in front of a line counts (iptables-restore -c). */
  readonly counters: boolean;
  /** Whether the table at hand has such a chain; with no table at hand every name is one. */
  hasChain(name: string): boolean;
}

/** What one line or one call of iptables commands. */
export interface Command {
  readonly action: ActionName | null;
  readonly table: string | null;
  readonly chain: string | null;
  /** The number of a rule, from 1; null when none was given. */
  readonly number: number | null;
  /** The policy of -P, the new name of -E. */
  readonly operand: string | null;
  /** After listing, zeroes what was listed. */
  readonly alsoZero: boolean;
  /** One rule for each combination of the addresses given; empty where no rule is spoken of. */
  readonly rules: readonly Rule[];
  /** `numeric`, `verbose` … with their values, the empty string where they take none. A flag given twice counts 2. */
  readonly shown: ReadonlyMap<string, { readonly value: string; readonly times: number }>;
}

const NOTHING_SHOWN: Command['shown'] = new Map();

export function buildCommand(
  plan: CommandPlan,
  words: readonly string[],
  place: Place | null,
  context: BuildContext,
): Command {
  const { action, operands } = plan;
  const takesName = action === 'policy' || action === 'rename-chain';
  const second = operands.length > 1 ? operands[1]! : null;
  const number = second === null || takesName ? null : ruleNumber(second, words);
  const chain = operands.length > 0 ? textAt(operands[0]!, words) : null;
  // A line for the other family's program; its addresses would not be understood here.
  const foreign = plan.shown.some(([name]) => name === (context.family === 4 ? 'ipv6' : 'ipv4'));
  const withRule =
    !foreign &&
    (action === 'append' ||
      action === 'insert' ||
      action === 'replace' ||
      action === 'check' ||
      (action === 'delete' && number === null));
  return {
    action,
    table: plan.table === null ? null : textAt(plan.table, words),
    chain,
    number,
    alsoZero: plan.alsoZero,
    operand: second !== null && takesName ? textAt(second, words) : null,
    rules: withRule ? buildRules(plan, words, place, context, chain!) : [],
    shown: plan.shown.length === 0 ? NOTHING_SHOWN : shownBy(plan, words),
  };
}

function shownBy(plan: CommandPlan, words: readonly string[]): Command['shown'] {
  const shown = new Map<string, { value: string; times: number }>();
  for (const [name, ref] of plan.shown) {
    shown.set(name, {
      value: ref === null ? '' : textAt(ref, words),
      times: (shown.get(name)?.times ?? 0) + 1,
    });
  }
  return shown;
}

function ruleNumber(ref: Ref, words: readonly string[]): number {
  const text = textAt(ref, words);
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) === 0) {
    throw new LineError('RULE_SYNTAX', `Invalid rule number \`${text}'`, ref.word);
  }
  return Number(text);
}

function buildRules(
  plan: CommandPlan,
  words: readonly string[],
  place: Place | null,
  context: BuildContext,
  chain: string,
): Rule[] {
  const sources = plan.source === null ? ANYWHERE : addressMatches(plan.source, words, context);
  const destinations =
    plan.destination === null ? ANYWHERE : addressMatches(plan.destination, words, context);
  const counted = counters(plan, words, context.counters);
  const parts = {
    source: sources[0]!,
    destination: destinations[0]!,
    inInterface: plan.inInterface === null ? null : interfaceMatch(plan.inInterface, words),
    outInterface: plan.outInterface === null ? null : interfaceMatch(plan.outInterface, words),
    protocol: plan.protocol,
    fragment: plan.fragment,
    matches: plan.matches.length === 0 ? NO_MATCHES : buildMatches(plan, words),
    target: buildTarget(plan.target, words, context),
    packets: counted[0],
    bytes: counted[1],
    place,
  };
  if (plan.outInterface !== null && (chain === 'INPUT' || chain === 'PREROUTING')) {
    throw new LineError('RULE_SYNTAX', `Can't use -o with ${chain}\n`, plan.outInterface.ref.word - 1);
  }
  if (plan.inInterface !== null && (chain === 'OUTPUT' || chain === 'POSTROUTING')) {
    throw new LineError('RULE_SYNTAX', `Can't use -i with ${chain}\n`, plan.inInterface.ref.word - 1);
  }
  if (sources.length === 1 && destinations.length === 1) {
    return [makeRule(parts)];
  }
  if (sources.some((s) => s?.not === true) || destinations.some((d) => d?.not === true)) {
    throw new LineError('RULE_SYNTAX', '! not allowed with multiple source or destination IP addresses');
  }
  return sources.flatMap((source) =>
    destinations.map((destination) => makeRule({ ...parts, source, destination })),
  );
}

const NO_MATCHES: readonly MatchUse[] = [];

const INTERFACE_NAME_BYTES = 15;

function interfaceMatch(given: RefNot<InterfaceMatch>, words: readonly string[]): InterfaceMatch {
  const name = textAt(given.ref, words);
  const { last } = given;
  if (last.made !== null && last.word === name) return last.made;
  if (name === '')
    throw new LineError('RULE_SYNTAX', 'Empty interface is likely to be undesired', given.ref.word);
  if (byteLength(name) > INTERFACE_NAME_BYTES) {
    const message = `interface name \`${name}' must be shorter than IFNAMSIZ (15)`;
    throw new LineError('RULE_SYNTAX', message, given.ref.word);
  }
  last.word = name;
  last.made = { name, not: given.not };
  return last.made;
}

function buildMatches(plan: CommandPlan, words: readonly string[]): readonly MatchUse[] {
  const before = plan.lastMatches;
  let changed = before.length === 0;
  for (let i = 0; i < plan.matches.length; i++) {
    if (buildUse(plan.matches[i]!, words) !== before[i]) changed = true;
  }
  if (changed) plan.lastMatches = plan.matches.map((match) => match.last!);
  return plan.lastMatches;
}

function buildTarget(plan: TargetPlan, words: readonly string[], context: BuildContext): RuleTarget {
  switch (plan.kind) {
    case 'none':
      return NO_TARGET;
    case 'standard':
      return plan;
    case 'extension':
      return { kind: 'extension', ...buildUse(plan.plan, words) };
    case 'chain': {
      const { last } = plan;
      const chain = textAt(plan.ref, words);
      if (!context.hasChain(chain)) throw missingTarget(chain, plan.how, plan.ref.word);
      if (last.made !== null && last.word === chain) return last.made;
      last.word = chain;
      return (last.made = { kind: plan.how, chain });
    }
  }
}

const NO_TARGET: RuleTarget = { kind: 'none' };

/** The kernel's structure holds this many bytes of a target's or chain's name. */
const TARGET_NAME_BYTES = 28;

function missingTarget(chain: string, how: 'jump' | 'goto', word: number): LineError {
  if (how === 'goto') return new LineError('RULE_SYNTAX', `goto '${chain}' is not a chain\n`, word);
  if (byteLength(chain) > TARGET_NAME_BYTES) {
    const message = `Invalid target name \`${chain}' (${TARGET_NAME_BYTES} chars max)`;
    return new LineError('RULE_SYNTAX', message, word);
  }
  if (/\s/.test(chain)) return new LineError('RULE_SYNTAX', `Invalid target name \`${chain}'`, word);
  return new LineError('RULE_UNKNOWN', `Couldn't load target \`${chain}':No such file or directory\n`, word);
}

/** The extension with what its options say; the object of the line before when they say the same. */
function buildUse<E extends MatchExtension | TargetExtension>(
  plan: ExtensionPlan<E>,
  words: readonly string[],
): { readonly extension: E; readonly info: Info } {
  let changed = plan.last === null;
  for (const step of plan.steps) {
    const before = step.last.made;
    if (readOption(step, words) !== before) changed = true;
  }
  if (changed) plan.last = { extension: plan.extension, info: gatherInfo(plan.steps) };
  return plan.last!;
}

function gatherInfo(steps: readonly OptionStep[]): Info {
  const info: Record<string, Given<unknown>> = {};
  for (const { property, spec, last } of steps) {
    const given = last.made!;
    if (spec.repeat === true) {
      const before = info[property] as Given<readonly unknown[]> | undefined;
      info[property] = { value: [...(before?.value ?? []), given.value], not: given.not };
    } else {
      info[property] = given;
    }
  }
  return info;
}

function readOption(step: OptionStep, words: readonly string[]): Given<unknown> {
  const { refs, spec, last } = step;
  const single = refs.length === 1;
  const word = single ? textAt(refs[0]!, words) : refs.map((ref) => textAt(ref, words)).join('\n');
  if (last.made !== null && last.word === word) return last.made;
  try {
    const value = spec.value.parse(single ? [word] : refs.map((ref) => textAt(ref, words)), step.use);
    last.made = { value, not: step.not };
  } catch (error) {
    throw located(error, refs[0]?.word ?? -1);
  }
  last.word = word;
  return last.made;
}

/** Packets and bytes that the line gives the rule: `-c` wins over `[packets:bytes]` in front. */
function counters(
  plan: CommandPlan,
  words: readonly string[],
  inFront: boolean,
): readonly [packets: number, bytes: number] {
  if (plan.setCounters.length > 0) return setCounters(plan.setCounters, words);
  if (plan.counters === null || !inFront) return NONE_COUNTED;
  return parseCounters(textAt(plan.counters, words), plan.counters.word);
}

const NONE_COUNTED: readonly [number, number] = [0, 0];

function setCounters(refs: readonly Ref[], words: readonly string[]): readonly [number, number] {
  const first = textAt(refs[0]!, words);
  const both = refs.length > 1 ? [first, textAt(refs[1]!, words)] : first.split(',');
  if (both.length < 2)
    throw new LineError('RULE_SYNTAX', '-c requires packet and byte counter', refs[0]!.word);
  ['packet', 'byte'].forEach((name, i) => {
    if (!/^[0-9]+$/.test(both[i]!))
      throw new LineError('RULE_SYNTAX', `-c ${name} counter not numeric`, refs[0]!.word);
  });
  return [Number(both[0]), Number(both[1])];
}

/** `[packets:bytes]`. */
export function parseCounters(text: string, word: number): readonly [packets: number, bytes: number] {
  const found = /^\[([0-9]+):([0-9]+)\]$/.exec(text);
  if (found === null)
    throw new LineError('RULE_SYNTAX', `invalid counters \`${text}', wanted [packets:bytes]`, word);
  return [Number(found[1]), Number(found[2])];
}
