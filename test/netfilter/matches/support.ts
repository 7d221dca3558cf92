/**
 * What the tests of single matches need: a rule written as one writes it for iptables, its text back as -S and -L print it,
 * the complaint about it, and its matches at work on one packet, with a clock to move and connections made by hand.
 * The texts in the tests' tables are what iptables 1.8.9 (legacy) printed and complained.
 */
import { strict as assert } from 'node:assert';
import { SeededRng, Sysctls, VirtualClock } from '../../../src/base/index.ts';
import { Tuple } from '../../../src/netfilter/conntrack/tuple.ts';
import type { ConntrackView } from '../../../src/netfilter/conntrack/view.ts';
import type { MatchTest, Services } from '../../../src/netfilter/extension.ts';
import { Hook, HOOK_NAMES, type Family, type TableName } from '../../../src/netfilter/hook.ts';
import { HookState } from '../../../src/netfilter/hook-state.ts';
import type { Rule } from '../../../src/netfilter/rule.ts';
import { NETFILTER_SYSCTLS } from '../../../src/netfilter/sysctls.ts';
import { makeRuleset, RuleError, runCommand, saveRule } from '../../../src/netfilter/syntax/index.ts';
import { dissectNetwork } from '../../../src/wire/dissect.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { TestHost } from '../engine-support.ts';

export interface Where {
  readonly family?: Family;
  readonly hook?: Hook;
  readonly table?: TableName;
}

/** Words as a shell makes them, as far as quotes go. */
function shellWords(text: string): string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, double?: string, single?: string) =>
      double === undefined ? (single ?? '') : double.replace(/\\(["\\$`])/g, '$1'),
    ),
  );
}

export function readRule(
  text: string,
  { family = 4, hook = Hook.PREROUTING, table = 'mangle' }: Where = {},
): Rule {
  const ruleset = makeRuleset(family);
  const chain = HOOK_NAMES[hook];
  runCommand(['-t', table, '-A', chain, ...shellWords(text)], { ruleset });
  return ruleset.tables.get(table)!.chains.get(chain)!.rules[0]!;
}

/** `[rule, what -S prints]`; one text where they are the same. */
export type SavedRow = readonly [rule: string, saved?: string];
export type ComplaintRow = readonly [rule: string, complaint: string];
export type ListedRow = readonly [rule: string, numeric: string, named?: string];

/** One test a row. */
export function prints(rows: readonly SavedRow[], where: Where = {}): void {
  for (const [rule, saved = rule] of rows) {
    it(`prints ${rule} as ${saved === rule ? 'it stands' : saved}`, () => {
      assert.equal(saveRule(readRule(rule, where), where.family ?? 4), ` ${saved}`);
    });
  }
}

export function refuses(rows: readonly ComplaintRow[], where: Where = {}): void {
  for (const [rule, complaint] of rows) {
    it(`refuses ${rule}: ${complaint}`, () => {
      assert.throws(
        () => readRule(rule, where),
        (error) => error instanceof RuleError && error.message.trimEnd().startsWith(complaint),
      );
    });
  }
}

export function lists(rows: readonly ListedRow[], where: Where = {}): void {
  const { family = 4 } = where;
  for (const [rule, numeric, named = numeric] of rows) {
    it(`lists ${rule} as ${numeric}`, () => {
      const { matches, protocol } = readRule(rule, where);
      const text = (asNumbers: boolean) =>
        matches
          .map(({ extension, info }) => extension.list!(info, family, asNumbers, protocol?.number ?? null))
          .join(' ');
      assert.deepEqual([text(true), text(false)], [numeric, named]);
    });
  }
}

// ── At work ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Connections made by hand; entry numbers are given out from 1. */
export class FakeConntrack {
  readonly status = new Int32Array(8);
  readonly mark = new Int32Array(8);
  readonly original = Array.from({ length: 8 }, () => new Tuple());
  readonly reply = Array.from({ length: 8 }, () => new Tuple());
  /** By entry and direction. */
  readonly counts = Array.from({ length: 8 }, () => [
    { packets: 0, bytes: 0 },
    { packets: 0, bytes: 0 },
  ]);
  readonly left = new Float64Array(8);
  readonly masters = new Int32Array(8);
  readonly helpers: string[] = new Array<string>(8).fill('');

  master(entry: number): number {
    return this.masters[entry]!;
  }

  helperName(entry: number): string {
    return this.helpers[entry]!;
  }

  readTuple(entry: number, direction: number, out: Tuple): void {
    out.copy((direction === 0 ? this.original : this.reply)[entry]!);
  }
  packets(entry: number, direction: number): number {
    return this.counts[entry]![direction]!.packets;
  }
  bytes(entry: number, direction: number): number {
    return this.counts[entry]![direction]!.bytes;
  }
  timeLeftUs(entry: number): number {
    return this.left[entry]!;
  }
}

export class World {
  readonly clock = new VirtualClock(1_700_000_000_000_000);
  readonly conntrack = new FakeConntrack();
  readonly host = new TestHost();
  readonly sysctls = new Sysctls(NETFILTER_SYSCTLS);
  private readonly things = new Map<string, unknown>();

  /** Asks the rule's matches in order, as the engine does. */
  rule(text: string, where: Where = {}): Asked {
    const { family = 4, hook = Hook.PREROUTING, table = 'mangle' } = where;
    const rule = readRule(text, where);
    const use = { family, table, chain: HOOK_NAMES[hook], hooks: 1 << hook, protocol: rule.protocol };
    const tests = rule.matches.map(({ extension, info }) => extension.create(info, this.services(), use));
    return new Asked(tests, family, hook);
  }

  seconds(count: number): void {
    this.clock.advanceTo(this.clock.now + count * 1_000_000);
  }

  private services(): Services {
    const services: Omit<Services, 'conntrack' | 'nat'> = {
      clock: this.clock,
      rng: new SeededRng(1),
      sysctls: this.sysctls,
      host: this.host,
      log: { wanted: false, line: () => undefined },
      shared: <T>(key: string, make: () => T): T => {
        if (!this.things.has(key)) this.things.set(key, make());
        return this.things.get(key) as T;
      },
    };
    return { ...services, conntrack: this.conntrack as unknown as ConntrackView } as Services;
  }
}

export type Answer = 'matches' | 'no' | 'drops';

export class Asked {
  private readonly tests: readonly MatchTest[];
  private readonly at = new HookState();

  constructor(tests: readonly MatchTest[], family: Family, hook: Hook) {
    this.tests = tests;
    this.at.family = family;
    this.at.hook = hook;
    this.at.iif = hook === Hook.OUTPUT || hook === Hook.POSTROUTING ? 0 : 1;
    this.at.oif = hook === Hook.PREROUTING || hook === Hook.INPUT ? 0 : 2;
  }

  of(pkt: PacketBuffer): Answer {
    this.at.hotdrop = false;
    const matches = this.tests.every((test) => test.test(pkt, this.at));
    return this.at.hotdrop ? 'drops' : matches ? 'matches' : 'no';
  }
}

/** The only rule of a world of its own. */
export function ask(text: string, pkt: PacketBuffer, where: Where = {}): Answer {
  return new World().rule(text, { family: pkt.family === 6 ? 6 : 4, ...where }).of(pkt);
}

/** An IP packet, bytes as test/kernel/frames.ts makes them, come in on interface 1. */
export function arrived(bytes: readonly number[], fields: Partial<PacketBuffer> = {}): PacketBuffer {
  const pkt = new PacketBuffer(Uint8Array.from(bytes));
  pkt.reset(pkt.bytes, 0, bytes.length);
  dissectNetwork(pkt, 0);
  pkt.iif = 1;
  return Object.assign(pkt, fields);
}
