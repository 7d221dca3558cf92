/**
 * What tests of the rule engine need: tables in a few words, packets made of fields, a host with named interfaces,
 * and small extensions whose every effect can be seen. Real extensions have tests of their own.
 */
import { SeededRng, Sysctls, VirtualClock } from '../../src/base/index.ts';
import {
  defineMatch,
  defineTarget,
  type Fact,
  type MatchExtension,
  type TargetExtension,
} from '../../src/netfilter/extension.ts';
import { HOOK_NAMES, TABLES, type Family, type TableName } from '../../src/netfilter/hook.ts';
import type { ConntrackSteps, NatSteps } from '../../src/netfilter/hook-steps.ts';
import type { HostServices } from '../../src/netfilter/host-services.ts';
import type { LogLine } from '../../src/netfilter/log.ts';
import { Netfilter, type NetfilterParts } from '../../src/netfilter/netfilter.ts';
import {
  makeRule,
  type AddressMatch,
  type Rule,
  type RuleTarget,
  type Table,
} from '../../src/netfilter/rule.ts';
import { Verdict } from '../../src/netfilter/verdict.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';

// ── Tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ChainText {
  readonly policy?: 'ACCEPT' | 'DROP';
  readonly rules?: readonly Rule[];
}

/** The built-in chains are there whether named or not. */
export function table(
  family: Family,
  name: TableName,
  chains: ReadonlyMap<string, ChainText> | Readonly<Record<string, ChainText>>,
): Table {
  const given = chains instanceof Map ? chains : new Map<string, ChainText>(Object.entries(chains));
  const builtIn = TABLES[name].hooks.map(({ hook }) => hook);
  const made: Table = { family, spec: TABLES[name], chains: new Map() };
  for (const hook of builtIn) {
    const { policy = 'ACCEPT' as const, rules = [] } = given.get(HOOK_NAMES[hook]) ?? {};
    made.chains.set(HOOK_NAMES[hook], {
      name: HOOK_NAMES[hook],
      hook,
      policy,
      packets: 0,
      bytes: 0,
      rules: [...rules],
    });
  }
  for (const [chain, { rules = [] }] of given) {
    if (made.chains.has(chain)) continue;
    made.chains.set(chain, {
      name: chain,
      hook: null,
      policy: null,
      packets: 0,
      bytes: 0,
      rules: [...rules],
    });
  }
  return made;
}

export const accept: RuleTarget = { kind: 'standard', verdict: 'ACCEPT' };
export const drop: RuleTarget = { kind: 'standard', verdict: 'DROP' };
export const queue: RuleTarget = { kind: 'standard', verdict: 'QUEUE' };
export const ret: RuleTarget = { kind: 'standard', verdict: 'RETURN' };
export const jump = (chain: string): RuleTarget => ({ kind: 'jump', chain });
export const goTo = (chain: string): RuleTarget => ({ kind: 'goto', chain });
export const rule = (target?: RuleTarget, parts: Partial<Rule> = {}): Rule =>
  makeRule({ ...parts, ...(target && { target }) });

/** `10.0.0.0/8`, or `fd00::1/64` as four words by hand: `words` and a prefix length. */
export function net(text: string, not = false): AddressMatch {
  const [address, length] = text.split('/') as [string, string?];
  return prefix([ip4(address)], length === undefined ? 32 : Number(length), not);
}

export function prefix(words: readonly number[], length: number, not = false): AddressMatch {
  const mask = Int32Array.from({ length: 4 }, (_, i) => {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    return bits === 0 ? 0 : -1 << (32 - bits);
  });
  return { words: Int32Array.from({ length: 4 }, (_, i) => words[i] ?? 0), mask, not };
}

export function ip4(text: string): number {
  return text.split('.').reduce((sum, byte) => (sum << 8) | Number(byte), 0);
}

export const proto = (number: number, not = false) => ({ number, not });
export const TCP = 6;
export const UDP = 17;

// ── Packets ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface PacketFields {
  readonly family?: Family;
  /** IPv4 in words, or IPv6 as four. */
  readonly src?: string | readonly number[];
  readonly dst?: string | readonly number[];
  readonly proto?: number;
  readonly sport?: number;
  readonly dport?: number;
  /** Bytes of the IP datagram. */
  readonly length?: number;
  readonly iif?: number;
  readonly oif?: number;
  readonly mark?: number;
  readonly fragOffset?: number;
  readonly l4Ok?: number;
  readonly traced?: number;
}

export function packet(fields: PacketFields = {}): PacketBuffer {
  const { family = 4, length = 60, l4Ok = 1, fragOffset = 0 } = fields;
  const bytes = new Uint8Array(14 + Math.max(length, 40));
  const pkt = new PacketBuffer(bytes, 0, bytes.length);
  const header = fragOffset === 0 && l4Ok === 1;
  bytes[14] = family === 4 ? 0x45 : 0x60;
  pkt.family = family;
  pkt.l2 = 0;
  pkt.l3 = 14;
  pkt.l3End = 14 + length;
  pkt.l4 = 14 + (family === 4 ? 20 : 40);
  [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = words(fields.src ?? '10.0.0.1');
  [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = words(fields.dst ?? '10.0.0.2');
  pkt.proto = fields.proto ?? TCP;
  pkt.sport = header ? (fields.sport ?? 40000) : 0;
  pkt.dport = header ? (fields.dport ?? 80) : 0;
  pkt.l4Ok = header ? 1 : 0;
  pkt.fragOffset = fragOffset;
  pkt.iif = fields.iif ?? 1;
  pkt.oif = fields.oif ?? 2;
  pkt.mark = fields.mark ?? 0;
  pkt.traced = fields.traced ?? 0;
  return pkt;
}

function words(address: string | readonly number[]): [number, number, number, number] {
  if (typeof address === 'string') return [ip4(address), 0, 0, 0];
  return [address[0] ?? 0, address[1] ?? 0, address[2] ?? 0, address[3] ?? 0];
}

// ── The world around ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A host of which only interfaces matter: `lo` is 1 … as listed. What else is asked of it is written down. */
export class TestHost implements HostServices {
  interfaceGeneration = 1;
  wayGeneration = 1;
  readonly asked: string[] = [];
  names: string[];
  routes = true;
  whenDefragmented: number = Verdict.ACCEPT;

  constructor(names: readonly string[] = ['eth0', 'eth1', 'ppp0']) {
    this.names = [...names];
  }

  mayLeaveAtOnce(): boolean {
    return false;
  }

  interfaceName(index: number): string {
    return this.names[index - 1] ?? '';
  }

  interfaceIndex(name: string): number {
    return this.names.indexOf(name) + 1;
  }

  rename(index: number, name: string): void {
    this.names[index - 1] = name;
    this.interfaceGeneration++;
  }

  addressType() {
    return 1 as const;
  }

  masqueradeAddress(): boolean {
    return false;
  }

  redirectAddress(): boolean {
    return false;
  }

  pathMtu(): number {
    return 1500;
  }

  hasReversePath(): boolean {
    return true;
  }

  duplicate(): void {
    this.asked.push('duplicate');
  }

  reroute(): boolean {
    this.asked.push('reroute');
    return this.routes;
  }

  rejectWithIcmp(): void {}

  rejectWithReset(): void {}

  defragment(): number {
    this.asked.push('defragment');
    return this.whenDefragmented;
  }
}

export interface World {
  readonly netfilter: Netfilter;
  readonly host: TestHost;
  readonly lines: LogLine[];
  /** What conntrack and NAT were asked, in order. */
  readonly steps: string[];
}

export function world(engine: NonNullable<NetfilterParts['engine']>, host = new TestHost()): World {
  const lines: LogLine[] = [];
  const steps = host.asked;
  const step = (name: string) => () => {
    steps.push(name);
    return Verdict.ACCEPT as number;
  };
  // Only what the engine calls; the views behind it belong to conntrack's and NAT's own tests.
  const conntrack = {
    require: (family: Family) => steps.push(`require ${family}`),
    in: step('conntrack'),
    helper: step('helper'),
    confirm: step('confirm'),
    release: () => steps.push('release'),
  } as unknown as ConntrackSteps;
  const nat = {
    run: (hook: number, pkt: PacketBuffer, ask: (hook: number, pkt: PacketBuffer) => number) => {
      steps.push('nat');
      return ask(hook, pkt);
    },
  } as unknown as NatSteps;
  const netfilter = new Netfilter({
    clock: new VirtualClock(1_000_000),
    rng: new SeededRng(1),
    sysctls: new Sysctls(),
    host,
    log: { wanted: true, line: (line) => lines.push(line) },
    conntrack,
    nat,
    engine,
  });
  return { netfilter, host, lines, steps };
}

export function load(netfilter: Netfilter, ...tables: readonly Table[]): void {
  netfilter.load({
    family: tables[0]!.family,
    tables: new Map(tables.map((one) => [one.spec.name, one])),
  });
}

/** Packets and bytes of every rule and policy: `FORWARD:1 2/120`. Those that counted nothing are left out. */
export function counters(netfilter: Netfilter, family: Family, name: TableName): string[] {
  const found = netfilter.ruleset(family)!.tables.get(name)!;
  const lines: string[] = [];
  const line = (place: string, { packets, bytes }: { packets: number; bytes: number }) => {
    if (packets > 0) lines.push(`${place} ${packets}/${bytes}`);
  };
  for (const chain of found.chains.values()) {
    chain.rules.forEach((one, i) => line(`${chain.name}:${i + 1}`, one));
    if (chain.hook !== null) line(`${chain.name}:policy`, chain);
  }
  return lines;
}

// ── Extensions whose effects can be seen ─────────────────────────────────────────────────────────────────────────────

const anything = <V>(label: string) => ({
  label,
  parse: (): V => {
    throw new Error('tests make values themselves');
  },
  print: String,
});

export interface Script {
  /** Called with each packet; returns the answer. */
  readonly ask: (pkt: PacketBuffer, at: { hotdrop: boolean }) => boolean;
}

const scripted = (name: string, more: { stateful?: boolean; mayHotdrop?: () => boolean }): MatchExtension =>
  defineMatch({
    name,
    about: 'answers as the test says',
    options: { script: { value: anything<Script>('script'), about: '' } },
    ...more,
    create: (info) => ({ test: info.script!.value.ask }),
  });

const PLAIN = scripted('plain', {});
const STATEFUL = scripted('stateful', { stateful: true });
const FRAGILE = scripted('fragile', { mayHotdrop: () => true });

const use = (extension: MatchExtension, ask: Script['ask']) => ({
  extension,
  info: { script: { value: { ask }, not: false } },
});
/** A match whose answer depends on the packet alone. */
export const plain = (ask: Script['ask']) => use(PLAIN, ask);
/** A match that must be asked in its turn. */
export const stateful = (ask: Script['ask']) => use(STATEFUL, ask);
/** A match that may set hotdrop. */
export const fragile = (ask: Script['ask']) => use(FRAGILE, ask);

export interface PortsInfo {
  readonly field: 'sport' | 'dport';
  readonly ranges: readonly (readonly [number, number])[];
}

/** Ports in ranges, as `tcp`, `udp` and `multiport` test them: it refuses to decide where the header is cut short. */
const PORTS = defineMatch({
  name: 'ports',
  about: 'ports in ranges',
  options: { ports: { value: anything<PortsInfo>('ranges'), about: '' } },
  facts: (info): Fact[] => [info.ports!.value],
  create: (info) => {
    const { field, ranges }: PortsInfo = info.ports!.value;
    return {
      test(pkt, at) {
        if (pkt.fragOffset !== 0) return false;
        if (pkt.l4Ok === 0) {
          at.hotdrop = true;
          return false;
        }
        return ranges.some(([low, high]) => pkt[field] >= low && pkt[field] <= high);
      },
    };
  },
});

export const ports = (field: 'sport' | 'dport', ...ranges: readonly (readonly [number, number])[]) => ({
  extension: PORTS,
  info: { ports: { value: { field, ranges }, not: false } },
});
export const dport = (low: number, high = low) => ports('dport', [low, high]);

const ACTION: TargetExtension = defineTarget({
  name: 'ACTION',
  about: 'does as the test says',
  options: {
    run: { value: anything<(pkt: PacketBuffer, at: { hotdrop: boolean }) => number>('function'), about: '' },
  },
  create: (info) => ({ run: info.run!.value }),
});

export const action = (run: (pkt: PacketBuffer, at: { hotdrop: boolean }) => number): RuleTarget => ({
  kind: 'extension',
  extension: ACTION,
  info: { run: { value: run, not: false } },
});
