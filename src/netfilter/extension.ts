/**
 * The contract of an extension: one match or target, one file, one declaration. Parser, checks, `-S`/`-save` and `-L`
 * printing, help, completion and documentation are derived from the declaration; what is left to write is the test
 * of a packet (or the action on it).
 *
 *   export const length = defineMatch({
 *     name: 'length',
 *     about: 'the length of the IP datagram',
 *     options: { length: { value: range(0, 65535), negate: true, required: true, about: '…' } },
 *     create: (info) => new LengthTest(info.length),
 *   });
 *
 * The record that parsing makes (`Info`) has one property an option given: `{ value, not }`; an option that was
 * not given is absent. Printing walks the options in declared order (the order in which the kernel's tools print
 * them, which need not be the order in which they were written).
 */
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import type { Sysctls } from '../base/sysctl.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Family, Hook, TableName } from './hook.ts';
import type { HookState } from './hook-state.ts';
import type { HostServices } from './host-services.ts';
import type { LogSink } from './log.ts';
import type { ConntrackView } from './conntrack/view.ts';
import type { KnownObjects, NamedObjects } from './named-objects.ts';
import type { NatView } from './nat/view.ts';

/** A kind of value: how it is written, read and printed. `words` command line words make one value (0: a flag). */
export interface ValueType<V> {
  /** How help shows it, such as `port[:port]`. */
  readonly label: string;
  /** Words that it takes, alone or between commas, where they are few: completion offers them. */
  readonly choices?: readonly string[];
  /** Number of words it takes; 1 unless said otherwise. */
  readonly words?: number;
  /** Words that it takes beyond those where they follow, and are no options. */
  readonly mayTake?: number;
  /** Reads the words; throws ValueError (syntax/value-error.ts) with a text in iptables' manner. */
  parse(words: readonly string[], use: OptionUse): V;
  /** The words that iptables-save prints; what it prints, `parse` reads back as the same value. */
  print(value: V, family: Family): string;
}

/** What a value may need to know about where it stands. */
export interface OptionUse {
  readonly family: Family;
  /** The rule's `-p`, null when absent or negated. */
  readonly protocol: number | null;
  readonly extension: string;
  readonly option: string;
}

export interface OptionSpec<V = unknown> {
  readonly value: ValueType<V>;
  /** The long name without dashes; the property's own name unless given. */
  readonly name?: string;
  /** Other names read as the same option (`sport` for `source-port`); never printed. */
  readonly aliases?: readonly string[];
  /** A single letter, where the option has one. */
  readonly short?: string;
  /** `! --option` is allowed. */
  readonly negate?: boolean;
  readonly required?: boolean;
  /** May stand several times; `value` is then an array of what each said, in order. */
  readonly repeat?: boolean;
  /**
   * What follows describes one more of the same: every option may be given again, and the properties of those behind it
   * have `:1` appended, behind the next such option `:2` … (`--next` of `-m policy`).
   */
  readonly divides?: boolean;
  /** At most one option of one group may be given. */
  readonly group?: string;
  /** Families it exists in; both unless given. */
  readonly families?: readonly Family[];
  /**
   * Another way to write that property: what it parses to is kept (and printed) there, and the two exclude each
   * other. `--syn` is `--tcp-flags FIN,SYN,RST,ACK SYN`, `--set-mark`, `--or-mark` … are all `--set-xmark`.
   */
  readonly as?: string;
  /** True when iptables-save leaves the option out because it says nothing (a default, the range of all ports). */
  omit?(value: V, not: boolean): boolean;
  /** One line for help. */
  readonly about: string;
}

export interface Given<V> {
  readonly value: V;
  readonly not: boolean;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<S> =
  S extends OptionSpec<infer V> ? (S extends { readonly repeat: true } ? readonly V[] : V) : never;

/** The record of given options, typed from their declaration. */
export type InfoOf<O extends OptionSpecs> = {
  readonly [K in keyof O as O[K] extends { readonly as: string } ? never : K]?: Given<ValueOf<O[K]>>;
};

/** An Info whose declaration is not known at the place of use. */
export type Info = Readonly<Record<string, Given<unknown> | undefined>>;

/** Where a rule stands when its extensions are checked. */
export interface RuleUse {
  readonly family: Family;
  readonly table: TableName;
  /** The built-in chain, or the user chain's name. */
  readonly chain: string;
  /** Hooks from which the chain can be reached, as a bit set (1 << Hook). */
  readonly hooks: number;
  readonly protocol: { readonly number: number; readonly not: boolean } | null;
  /** Sets, accounting objects and estimators that exist; absent: none do. */
  readonly objects?: KnownObjects;
  /** The rule's matches, for checks that want another match beside them (TCPMSS wants SYN tested). */
  readonly matches?: readonly { readonly extension: { readonly name: string }; readonly info: Info }[];
}

/** What an extension's instance may use. Handed over when a ruleset is put into force. */
export interface Services {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly sysctls: Sysctls;
  readonly conntrack: ConntrackView;
  readonly nat: NatView;
  readonly host: HostServices;
  readonly log: LogSink;
  /** Sets and accounting objects; absent where there are none. */
  readonly objects?: NamedObjects;
  /** State that rules share by name (`recent` lists …), made on first use. */
  shared<T>(key: string, make: () => T): T;
}

/** A match at work. One object a rule and match; it is asked in the rule's order and may keep state. */
export interface MatchTest {
  /**
   * True when it answers all steady packets (flow-table.ts) of one connection and direction alike: it asks for addresses,
   * ports, interfaces and states only. Absent means no.
   */
  readonly isSteady?: boolean;
  /** May set `at.hotdrop` to drop the packet at once, as the kernel's matches do on headers cut short. */
  test(pkt: PacketBuffer, at: HookState): boolean;
}

/** A target at work. Returns a verdict: CONTINUE for targets that only change or note something. */
export interface TargetAction {
  run(pkt: PacketBuffer, at: HookState): number;
}

/** What a match says as data, for the classifier: the packet's field lies in one of the ranges (inclusive). */
export interface Fact {
  readonly field: 'sport' | 'dport';
  readonly ranges: readonly (readonly [low: number, high: number])[];
}

interface Declaration<O extends OptionSpecs> {
  readonly name: string;
  /** Names that are read as this extension and printed as `name`; `state` and `conntrack` are not such a pair. */
  readonly aliases?: readonly string[];
  /** One line for help and documentation. */
  readonly about: string;
  readonly families?: readonly Family[];
  /** Tables it may stand in; any unless given. */
  readonly tables?: readonly TableName[];
  /** Hooks it may be reached from; any unless given. */
  readonly hooks?: readonly Hook[];
  /** The rule must say `-p` with one of these protocols (numbers). */
  readonly protocols?: readonly number[];
  readonly options: O;
  /** Using it switches connection tracking on for the family (Linux: nf_ct_netns_get); it may depend on the options. */
  readonly needsConntrack?: boolean | ((info: InfoOf<O>) => boolean);
  /** Using it has fragments put together before any table sees them, as connection tracking has (nf_defrag_ipv4_enable). */
  readonly needsWhole?: boolean;
  /** Checks what single options can't; throws ValueError. */
  check?(info: InfoOf<O>, use: RuleUse): void;
  /** What `-save` prints after `-m NAME`/`-j NAME`, where walking the options is not enough. */
  save?(info: InfoOf<O>, family: Family): string;
  /** What `-L` prints in the last column; without `numeric`, names may stand for numbers. `protocol`: the rule's. */
  list?(info: InfoOf<O>, family: Family, numeric: boolean, protocol: number | null): string;
  /** The name that -L shows, where it is another's. */
  readonly listedAs?: string;
  /** True for the few whose text iptables puts without a space before it. */
  readonly listsUnspaced?: boolean;
}

export interface MatchDeclaration<O extends OptionSpecs> extends Declaration<O> {
  /**
   * True when asking has effects or the answer depends on more than packet, connection and time (limit, recent,
   * statistic …): the classifier then never asks out of turn and takes no fact from the matches behind it.
   */
  readonly stateful?: boolean;
  /**
   * True when `test` can set `hotdrop` for another reason than the fixed part of the transport header missing (TCP
   * options cut short …): the classifier takes no fact from the matches behind it. Its own facts it must test first.
   */
  mayHotdrop?(info: InfoOf<O>): boolean;
  /** What the match demands, as data; absent or empty when it can't be said so. */
  facts?(info: InfoOf<O>): readonly Fact[];
  create(info: InfoOf<O>, services: Services, use: RuleUse): MatchTest;
}

export interface TargetDeclaration<O extends OptionSpecs> extends Declaration<O> {
  create(info: InfoOf<O>, services: Services, use: RuleUse): TargetAction;
}

/** Extensions as everyone but their own file sees them. */
export interface MatchExtension extends MatchDeclaration<OptionSpecs> {
  readonly kind: 'match';
}
export interface TargetExtension extends TargetDeclaration<OptionSpecs> {
  readonly kind: 'target';
}

export function defineMatch<O extends OptionSpecs>(declaration: MatchDeclaration<O>): MatchExtension {
  return { kind: 'match', ...declaration } as unknown as MatchExtension;
}

export function defineTarget<O extends OptionSpecs>(declaration: TargetDeclaration<O>): TargetExtension {
  return { kind: 'target', ...declaration } as unknown as TargetExtension;
}
