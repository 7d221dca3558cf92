/**
 * The tables of one family that are in force: made all at once or not at all, each behind its engine.
 */
import { compile } from './compile.ts';
import { CompiledEngine } from './evaluate.ts';
import { FlowTable } from './flow-table.ts';
import { TABLE_NAMES, type Family, type TableName } from './hook.ts';
import { stepsOf } from './hook-steps.ts';
import { InterfacePatterns } from './interface-patterns.ts';
import type { Layout } from './layout.ts';
import { bringToLife, type LiveTable } from './live-table.ts';
import type { NetfilterParts } from './netfilter.ts';
import { ReferenceEngine } from './reference.ts';
import type { Ruleset, Table } from './rule.ts';
import type { SharedState } from './shared-state.ts';
import type { TableEngine, TraceSink } from './table-engine.ts';

export type EngineName = 'compiled' | 'reference';

export class RulesInForce {
  /** By hook: the steps there, tables by their index in TABLE_NAMES, others as Step says. */
  steps: readonly Uint8Array[];
  /** By index in TABLE_NAMES. */
  engines: readonly (TableEngine | null)[] = TABLE_NAMES.map(() => null);
  /** The ways of flows through these tables. */
  flows: FlowTable;
  tracking = false;
  private loaded: Ruleset | null = null;
  private trackingForced = false;
  /** Tables in force with a rule that wants connections tracked. */
  private readonly tracked = new Set<TableName>();
  /** And with one that wants fragments put together. */
  private readonly gathered = new Set<TableName>();
  private readonly family: Family;
  private readonly parts: NetfilterParts;
  private readonly trace: TraceSink;
  private readonly shared: SharedState;

  constructor(family: Family, parts: NetfilterParts, trace: TraceSink, shared: SharedState) {
    this.family = family;
    this.parts = parts;
    this.trace = trace;
    this.shared = shared;
    this.flows = new FlowTable(parts.conntrack, this.engines);
    this.steps = this.stepsNow();
  }

  load(ruleset: Ruleset): void {
    this.putInForce(ruleset, [...ruleset.tables.values()], TABLE_NAMES);
  }

  replace(tables: readonly Table[]): void {
    const all = new Map(this.loaded?.tables);
    for (const table of tables) all.set(table.spec.name, table);
    this.ruleset();
    this.putInForce(
      { family: this.family, tables: all },
      tables,
      tables.map(({ spec }) => spec.name),
    );
  }

  /** Makes engines of `fresh`; what was there before under `names` goes, other tables go on. */
  private putInForce(ruleset: Ruleset, fresh: readonly Table[], names: readonly TableName[]): void {
    const user = this.shared.user(names.map((name) => this.owner(name)));
    const live = fresh.map((table) =>
      bringToLife(table, { ...this.parts, shared: user.sharedFor(this.owner(table.spec.name)) }),
    );
    const patterns = new InterfacePatterns(this.parts.host);
    const made = live.map((table) => this.makeEngine(table, patterns));
    const engines = this.engines.map((engine, i) => (names.includes(TABLE_NAMES[i]!) ? null : engine));
    fresh.forEach(({ spec }, i) => (engines[TABLE_NAMES.indexOf(spec.name)] = made[i]!));
    // Nothing below fails.
    this.engines = engines;
    this.flows.forget();
    this.flows = new FlowTable(this.parts.conntrack, engines);
    this.loaded = ruleset;
    user.replacesOthers();
    for (const name of names) {
      this.tracked.delete(name);
      this.gathered.delete(name);
    }
    fresh.forEach(({ spec: { name } }, i) => {
      if (live[i]!.needsConntrack) this.tracked.add(name);
      if (live[i]!.needsWhole) this.gathered.add(name);
    });
    this.setTracking(this.trackingForced || this.tracked.size > 0);
  }

  /** Who uses what rules share: each table of each family. */
  private owner(table: TableName): string {
    return `${this.family} ${table}`;
  }

  requireConntrack(): void {
    this.trackingForced = true;
    this.setTracking(true);
  }

  ruleset(): Ruleset | null {
    this.flows.settle();
    for (const engine of this.engines) engine?.storeCounters();
    return this.loaded;
  }

  takeCounters(): void {
    this.flows.settle();
    for (const engine of this.engines) engine?.loadCounters();
  }

  layout(table: TableName): Layout | undefined {
    return this.engines[TABLE_NAMES.indexOf(table)]?.layout;
  }

  private makeEngine(live: LiveTable, patterns: InterfacePatterns): TableEngine {
    if (this.parts.engine === 'reference') return new ReferenceEngine(live, this.parts.host, this.trace);
    return new CompiledEngine(compile(live, patterns), patterns, this.trace);
  }

  private setTracking(on: boolean): void {
    this.tracking = on;
    if (on) this.parts.conntrack.require(this.family);
    this.steps = this.stepsNow();
  }

  private stepsNow(): Uint8Array[] {
    return stepsOf(
      (table) => this.engines[table] !== null,
      (table, hook) => this.engines[table]!.emptyAt[hook]! >= 0,
      this.tracking,
      this.gathered.size > 0,
    );
  }
}
