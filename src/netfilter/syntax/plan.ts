/**
 * A plan: what a line of one shape says, with the numbers of words in place of the values. It is made from the syntax tree
 * once a shape (shape.ts keeps it) and applied to the words of every line of that shape (build.ts). Whatever can be
 * wrong with the shape itself is found here: options given twice, missing or not to be combined.
 */
import type { Given, Info, MatchExtension, OptionSpec, OptionUse, TargetExtension } from '../extension.ts';
import { isStandard, type Registry } from './registry.ts';
import { COMMAND_OPTIONS, optionName } from './command-options.ts';
import { atWord, type TokenLine } from './getopt.ts';
import { LineError } from './line-error.ts';
import type { ActionName, ConditionName, ExtensionLeaf, Leaf, Line, Part } from './tree.ts';
import { parseProtocol } from './values/protocols.ts';
import type { AddressMatch, InterfaceMatch, MatchUse, RuleTarget, StandardTarget } from '../rule.ts';

/** Where a value stands: word `word` from character `offset` on. */
export interface Ref {
  readonly word: number;
  readonly offset: number;
}

/**
 * What was last made of a value. Neighbouring lines of one shape often say the same (`-i eth0`, `--ctstate NEW`), and
 * rules that do share what was made of it. Nothing of a rule is ever changed in place but its counters.
 */
export interface Memo<T> {
  word: string | null;
  made: T | null;
}

/** One option of an extension. */
export interface OptionStep {
  /** The property of Info that it fills (the `as` of the option where it has one). */
  readonly property: string;
  readonly spec: OptionSpec;
  readonly use: OptionUse;
  readonly not: boolean;
  readonly refs: readonly Ref[];
  readonly last: Memo<Given<unknown>>;
}

export interface ExtensionPlan<E extends MatchExtension | TargetExtension> {
  readonly extension: E;
  readonly steps: readonly OptionStep[];
  /** The use made of the last line, good for the next one when all its values are the same. */
  last: { readonly extension: E; readonly info: Info } | null;
  /** Number of the word that brought it. */
  readonly word: number;
}

export type TargetPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'standard'; readonly verdict: StandardTarget }
  | {
      readonly kind: 'chain';
      readonly how: 'jump' | 'goto';
      readonly ref: Ref;
      readonly last: Memo<RuleTarget>;
    }
  | { readonly kind: 'extension'; readonly plan: ExtensionPlan<TargetExtension> };

export interface RefNot<T> {
  readonly ref: Ref;
  readonly not: boolean;
  readonly last: Memo<T>;
}

export interface CommandPlan {
  readonly kind: 'command';
  readonly action: ActionName | null;
  readonly operands: readonly Ref[];
  /** -Z stands beside -L or -S. */
  readonly alsoZero: boolean;
  /** The `[packets:bytes]` before the command. */
  readonly counters: Ref | null;
  /** `-c`. */
  readonly setCounters: readonly Ref[];
  readonly table: Ref | null;
  readonly shown: readonly (readonly [name: string, value: Ref | null])[];
  readonly source: RefNot<readonly (AddressMatch | null)[]> | null;
  readonly destination: RefNot<readonly (AddressMatch | null)[]> | null;
  readonly inInterface: RefNot<InterfaceMatch> | null;
  readonly outInterface: RefNot<InterfaceMatch> | null;
  readonly protocol: { readonly number: number; readonly not: boolean } | null;
  readonly fragment: { readonly not: boolean } | null;
  readonly matches: readonly ExtensionPlan<MatchExtension>[];
  lastMatches: readonly MatchUse[];
  readonly target: TargetPlan;
}

export type Plan =
  | { readonly kind: 'table'; readonly name: Ref }
  | { readonly kind: 'chain'; readonly name: Ref; readonly policy: Ref; readonly counters: Ref | null }
  | { readonly kind: 'commit' }
  | CommandPlan;

export function planLine(line: Line, tokens: TokenLine, registry: Registry): Plan {
  switch (line.kind) {
    case 'table':
    case 'chain':
    case 'commit':
      return line;
    case 'command':
      return planCommand(line.counters, line.parts, tokens, registry);
  }
}

type PartOf<K extends Part['kind']> = Extract<Part, { kind: K }>;

function partsOf<K extends Part['kind']>(parts: readonly Part[], kind: K): readonly PartOf<K>[] {
  return parts.filter((part): part is PartOf<K> => part.kind === kind);
}

function planCommand(
  counters: Leaf | null,
  parts: readonly Part[],
  tokens: TokenLine,
  registry: Registry,
): CommandPlan {
  const action = onlyAction(partsOf(parts, 'action'));
  refuseIllegal(parts, action);
  const conditions = new Map<ConditionName, PartOf<'condition'>>();
  for (const part of partsOf(parts, 'condition')) {
    if (conditions.has(part.name)) throw multiple(part.option);
    conditions.set(part.name, part);
  }
  const protocol = planProtocol(conditions.get('protocol'));
  const uses = planExtensions(partsOf(parts, 'extension'), tokens, registry, protocol);
  const settings = partsOf(parts, 'setting');
  const at = <T>(name: ConditionName): RefNot<T> | null => {
    const part = conditions.get(name);
    return part === undefined ? null : { ref: part.value!, not: part.not, last: { word: null, made: null } };
  };
  const fragment = conditions.get('fragment');
  return {
    kind: 'command',
    action: action?.action ?? null,
    operands: action?.values ?? [],
    alsoZero: partsOf(parts, 'action').length > 1,
    counters,
    setCounters: settings.find((part) => part.name === 'counters')?.values ?? [],
    table: settings.find((part) => part.name === 'table')?.values[0] ?? null,
    shown: settings
      .filter((part) => part.name === 'show')
      .map((part) => [part.option.text.slice(2), part.values[0] ?? null] as const),
    source: at('source'),
    destination: at('destination'),
    inInterface: at('in'),
    outInterface: at('out'),
    protocol,
    fragment: fragment === undefined ? null : { not: fragment.not },
    matches: uses.filter((use): use is ExtensionPlan<MatchExtension> => use.extension.kind === 'match'),
    lastMatches: [],
    target: planTarget(partsOf(parts, 'target'), uses),
  };
}

function multiple(option: Leaf): LineError {
  return new LineError('RULE_SYNTAX', `multiple ${letterOf(option)} flags not allowed`, option.word);
}

/** The option as complaints name it, `-s` for `--source`. */
function letterOf(option: Leaf): string {
  const known = COMMAND_OPTIONS.find(({ names }) => `--${names[0]!}` === option.text);
  return known === undefined ? option.text : optionName(known);
}

function onlyAction(actions: readonly PartOf<'action'>[]): PartOf<'action'> | undefined {
  const [first, second] = actions;
  if (second !== undefined) {
    // Listing and zeroing may go together; all others stand alone.
    const pair = `${first!.action} ${second.action}`;
    if (actions.length > 2 || !/^(list|list-rules) zero$|^zero (list|list-rules)$/.test(pair)) {
      const message = `Cannot use ${letterOf(second.option)} with ${letterOf(first!.option)}`;
      throw new LineError('RULE_SYNTAX', message, second.option.word);
    }
    return first!.action === 'zero' ? second : first;
  }
  if (first?.action === 'replace' && first.values.length < 2)
    throw new LineError('RULE_SYNTAX', '-R requires a rule number');
  return first;
}

const WITH_RULE: readonly ActionName[] = ['append', 'check', 'delete', 'insert', 'replace'];

function refuseIllegal(parts: readonly Part[], action: PartOf<'action'> | undefined): void {
  if (action === undefined) return;
  const byNumber = action.action === 'delete' && action.values.length > 1;
  const takesRule = WITH_RULE.includes(action.action) && !byNumber;
  for (const part of parts) {
    const ofRule =
      part.kind === 'condition' ||
      part.kind === 'target' ||
      (part.kind === 'setting' && part.name === 'counters' && action.action !== 'policy');
    const ofListing =
      part.kind === 'setting' && ['--numeric', '--exact', '--line-numbers'].includes(part.option.text);
    if ((ofRule && !takesRule) || (ofListing && action.action !== 'list')) {
      const name = part.option.text === '--line-numbers' ? '-0' : letterOf(part.option);
      throw new LineError('RULE_SYNTAX', `Illegal option \`${name}' with this command`, part.option.word);
    }
  }
}

function planProtocol(part: PartOf<'condition'> | undefined): CommandPlan['protocol'] {
  if (part === undefined) return null;
  const { text, word } = part.value!;
  const number = atWord(word, () => parseProtocol(text));
  if (number === 0 && part.not) throw new LineError('RULE_SYNTAX', 'rule would never match protocol', word);
  return number === 0 ? null : { number, not: part.not };
}

function planTarget(
  targets: readonly PartOf<'target'>[],
  uses: readonly ExtensionPlan<MatchExtension | TargetExtension>[],
): TargetPlan {
  const [target, second] = targets;
  if (target === undefined) return { kind: 'none' };
  if (second !== undefined) throw multiple(second.option);
  const { text, word } = target.name;
  if (text === '') throw new LineError('RULE_SYNTAX', 'Invalid target name (too short)', word);
  if (target.how === 'jump') {
    if (isStandard(text)) return { kind: 'standard', verdict: text };
    const plan = uses.find((use): use is ExtensionPlan<TargetExtension> => use.extension.kind === 'target');
    if (plan !== undefined) return { kind: 'extension', plan };
  }
  return { kind: 'chain', how: target.how, ref: target.name, last: { word: null, made: null } };
}

function planExtensions(
  parts: readonly PartOf<'extension'>[],
  tokens: TokenLine,
  registry: Registry,
  protocol: CommandPlan['protocol'],
): ExtensionPlan<MatchExtension | TargetExtension>[] {
  return tokens.loaded.map(({ extension, word }, owner) => {
    const given = parts.filter((part) => part.option.owner === owner);
    const sections = sectionsOf(
      extension,
      given.map(({ option }) => option),
    );
    const steps = given.map(({ option, not, values }, i): OptionStep => {
      const spec = extension.options[option.property]!;
      const use: OptionUse = {
        family: registry.family,
        protocol: protocol === null || protocol.not ? null : protocol.number,
        extension: extension.name,
        option: spec.name ?? option.property,
      };
      return {
        property: (spec.as ?? option.property) + (sections[i] === 0 ? '' : `:${sections[i]!}`),
        spec,
        use,
        not,
        refs: values,
        last: { word: null, made: null },
      };
    });
    checkTogether(
      extension,
      given.map(({ option }) => option),
      sections,
    );
    checkRequired(extension, steps, word);
    return { extension, steps, last: null, word };
  });
}

/** How many dividing options stand before each option, those themselves counted to what follows. */
function sectionsOf(
  extension: MatchExtension | TargetExtension,
  options: readonly ExtensionLeaf[],
): readonly number[] {
  let section = 0;
  return options.map(({ property }) => (extension.options[property]!.divides === true ? ++section : section));
}

/** Each option once unless it may be repeated; of one group, or of ways to write the same, only one. */
function checkTogether(
  extension: MatchExtension | TargetExtension,
  options: readonly ExtensionLeaf[],
  sections: readonly number[],
): void {
  for (let i = 0; i < options.length; i++) {
    const { property, word } = options[i]!;
    const spec = extension.options[property]!;
    for (let j = 0; j < i; j++) {
      if (sections[j] !== sections[i]) continue;
      const other = options[j]!.property;
      const otherSpec = extension.options[other]!;
      const names = [otherSpec.name ?? other, spec.name ?? property];
      if (other === property && spec.repeat !== true) {
        const message = `${extension.name}: option "--${names[1]!}" can only be used once.\n`;
        throw new LineError('RULE_SYNTAX', message, word);
      }
      const same = (otherSpec.as ?? other) === (spec.as ?? property) && spec.repeat !== true;
      const grouped = spec.group !== undefined && spec.group === otherSpec.group;
      if (other !== property && (same || grouped)) {
        const message = `${extension.name}: option "--${names[0]!}" cannot be used together with "--${names[1]!}".\n`;
        throw new LineError('RULE_SYNTAX', message, word);
      }
    }
  }
}

function checkRequired(
  extension: MatchExtension | TargetExtension,
  steps: readonly OptionStep[],
  word: number,
): void {
  for (const property in extension.options) {
    const spec = extension.options[property]!;
    if (spec.required !== true || steps.some((step) => step.property === property)) continue;
    const message = `${extension.name}: option "--${spec.name ?? property}" must be specified\n`;
    throw new LineError('RULE_SYNTAX', message, word);
  }
}
