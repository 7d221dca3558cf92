/**
 * The routing of one family: its tables of routes, and the rules that say which table is asked for which packet. Lookups
 * are longest prefix first; of equal prefixes the smallest metric wins, then the first. While the rules are those of the
 * beginning, one map answers for the tables local, main and default together (as Linux merges them); of equal prefixes
 * the local table's route then wins. Maps are built when they are asked after a change.
 *
 * What a lookup means for a packet (martians, forwarding, errors) is route4.ts and route6.ts. IPv6 link-local and
 * multicast destinations are not in here: they mean something on one link only.
 */
import type { Family } from '../../netfilter/hook.ts';
import type { IpPrefix } from '../address.ts';
import { Scope, type AddressTable } from '../addresses.ts';
import type { Device, DeviceTable } from '../device.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { PrefixMap } from './prefix-map.ts';
import { Route, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN, type RouteSpec } from './route.ts';
import { ROUTE_TYPES, type RouteType } from './route-types.ts';
import {
  areFirstRules,
  defaultPriority,
  firstRules,
  FlowKey,
  looksAtPackets,
  matchesRule,
  RuleAction,
  sameRule,
  type Rule,
} from './rules.ts';

const FIRST_TABLES = [TABLE_LOCAL, TABLE_MAIN, TABLE_DEFAULT];
const EVERYWHERE: Omit<IpPrefix, 'family'> = { words: new Int32Array(4), length: 0 };

/** What a packet's type of service may count with: without ECN, in IPv4 without precedence (IPTOS_RT_MASK). */
const TOS_MASK = { 4: 0x1c, 6: 0xfc } as const;

class Table {
  readonly routes: Route[] = [];
  readonly map = new PrefixMap<Route>();
}

export class RoutingTables {
  readonly family: Family;
  private readonly devices: DeviceTable;
  private readonly addresses: AddressTable;
  /** Told of every change. */
  private readonly onChange: () => void;
  private readonly tables = new Map<number, Table>();
  /** The tables of the beginning in one. */
  private readonly merged = new PrefixMap<Route>();
  private ruleList: Rule[];
  /** No rule was added or removed: one lookup answers for all tables. */
  hasFirstRules = true;
  private isStale = true;
  private readonly key = new FlowKey();
  private readonly refusals: Readonly<Record<'blackhole' | 'prohibit', Route>>;
  /** What a rule says may differ among the packets of one connection. */
  rulesLookAtPackets = false;

  constructor(family: Family, devices: DeviceTable, addresses: AddressTable, onChange: () => void) {
    this.family = family;
    this.devices = devices;
    this.addresses = addresses;
    this.onChange = onChange;
    this.ruleList = firstRules(family);
    for (const table of FIRST_TABLES) this.tables.set(table, new Table());
    const to = { family, ...EVERYWHERE };
    const refusal = (type: RouteType) =>
      new Route({ to, type, table: 0, device: devices.loopback, scope: Scope.UNIVERSE });
    this.refusals = { blackhole: refusal(ROUTE_TYPES.blackhole), prohibit: refusal(ROUTE_TYPES.prohibit) };
  }

  // ── Lookups ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Hot: the route to an address for a packet of which no more is known; undefined when there is none. */
  lookup(w0: number, w1: number, w2: number, w3: number): Route | undefined {
    if (this.isStale) this.build();
    if (this.hasFirstRules) return this.merged.lookup(w0, w1, w2, w3);
    this.clearKey(w0, w1, w2, w3);
    return this.byRules(undefined);
  }

  /** Hot: the route of a packet, by all that rules may look at. */
  lookupFor(pkt: PacketBuffer, iif: number): Route | undefined {
    if (this.hasFirstRules) return this.lookup(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    if (this.isStale) this.build();
    this.fillKey(pkt, iif, 0);
    return this.byRules(undefined);
  }

  /** The way back to the packet's source, as a packet that arrived on `iif` would go. */
  lookupBack(pkt: PacketBuffer, iif: number): Route | undefined {
    if (this.hasFirstRules) return this.lookup(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    if (this.isStale) this.build();
    this.fillKey(pkt, iif, 0);
    const { key } = this;
    for (let i = 0; i < 4; i++) [key.dst[i], key.src[i]] = [key.src[i]!, key.dst[i]!];
    key.mark = 0;
    return this.byRules(undefined);
  }

  /** In table local only. */
  lookupLocal(w0: number, w1: number, w2: number, w3: number): Route | undefined {
    if (this.isStale) this.build();
    return this.tables.get(TABLE_LOCAL)!.map.lookup(w0, w1, w2, w3);
  }

  /** The best route to an address through one device: what a socket bound to the device would take. Cold. */
  lookupThrough(device: Device, words: Int32Array, pkt?: PacketBuffer): Route | undefined {
    if (this.isStale) this.build();
    if (this.hasFirstRules)
      return longestThrough(
        device,
        words,
        FIRST_TABLES.flatMap((id) => this.in(id)),
      );
    if (pkt !== undefined) this.fillKey(pkt, 0, device.index);
    else this.clearKey(0, 0, 0, 0);
    this.key.dst.set(words);
    this.key.oif = device.index;
    return this.byRules(device);
  }

  private in(id: number): readonly Route[] {
    return (this.tables.get(id)?.routes ?? []).filter((route) => route.isAlive);
  }

  private clearKey(w0: number, w1: number, w2: number, w3: number): void {
    const { key } = this;
    key.dst[0] = w0;
    key.dst[1] = w1;
    key.dst[2] = w2;
    key.dst[3] = w3;
    key.src.fill(0);
    // A packet of the host's own counts as come in by the loopback device.
    key.iif = this.devices.loopback.index;
    key.oif = key.mark = key.tos = key.protocol = key.sport = key.dport = 0;
  }

  private fillKey(pkt: PacketBuffer, iif: number, oif: number): void {
    const { key } = this;
    this.clearKey(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    key.src[0] = pkt.src0;
    key.src[1] = pkt.src1;
    key.src[2] = pkt.src2;
    key.src[3] = pkt.src3;
    if (iif !== 0) key.iif = iif;
    key.oif = oif;
    key.mark = pkt.mark;
    // Own packets are routed before they are written, and are dissected only then.
    if (pkt.family === 0) return;
    key.tos = typeOfService(pkt) & TOS_MASK[this.family];
    key.protocol = pkt.proto;
    key.sport = pkt.sport;
    key.dport = pkt.dport;
  }

  private byRules(through: Device | undefined): Route | undefined {
    const rules = this.ruleList;
    const { key } = this;
    const nameOf = (index: number) => this.devices.at(index)?.name ?? '';
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]!;
      if (!matchesRule(rule, key, nameOf)) continue;
      switch (rule.action) {
        case RuleAction.GOTO: {
          const target = rules.findIndex(({ priority }) => priority! >= rule.target);
          if (target > i && rules[target]!.priority === rule.target) i = target - 1;
          continue;
        }
        case RuleAction.NOP:
          continue;
        case RuleAction.BLACKHOLE:
          return this.refusals.blackhole;
        case RuleAction.PROHIBIT:
          return this.refusals.prohibit;
        case RuleAction.UNREACHABLE:
          return undefined;
        default: {
          const route = this.inTable(rule.table, through);
          // A "throw" ends the search in its table only.
          if (route === undefined || route.type === ROUTE_TYPES.throw) continue;
          if (route.length <= rule.suppressLength) continue;
          return route;
        }
      }
    }
    return undefined;
  }

  private inTable(id: number, through: Device | undefined): Route | undefined {
    const table = this.tables.get(id);
    if (table === undefined) return undefined;
    const { dst } = this.key;
    if (through !== undefined) return longestThrough(through, dst, this.in(id));
    return table.map.lookup(dst[0]!, dst[1]!, dst[2]!, dst[3]!);
  }

  // ── Routes ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Puts a route behind those of its table with the same destination and metric, or `before` one of them. */
  insert(spec: RouteSpec, before?: Route): Route {
    const route = new Route(spec);
    const table = this.tables.get(spec.table) ?? new Table();
    this.tables.set(spec.table, table);
    const at = before === undefined ? -1 : table.routes.indexOf(before);
    if (at >= 0) table.routes.splice(at, 0, route);
    else {
      const behind = table.routes.findIndex(({ metric }) => metric > route.metric);
      table.routes.splice(behind < 0 ? table.routes.length : behind, 0, route);
    }
    this.changed();
    return route;
  }

  remove(route: Route): void {
    const routes = this.tables.get(route.table)?.routes ?? [];
    const at = routes.indexOf(route);
    if (at >= 0) routes.splice(at, 1);
    this.changed();
  }

  /** Of one table, or of all, in the order of their metrics. */
  all(table?: number): readonly Route[] {
    if (table !== undefined) return this.tables.get(table)?.routes ?? [];
    return [...this.tables.values()].flatMap(({ routes }) => routes);
  }

  get tableIds(): number[] {
    return [...this.tables].filter(([, { routes }]) => routes.length > 0).map(([id]) => id);
  }

  /** Addresses or devices changed: what follows from them is found out anew. */
  changed(): void {
    this.isStale = true;
    this.onChange();
  }

  private build(): void {
    this.isStale = false;
    const alive = (id: number) => this.in(id);
    for (const [id, { map }] of this.tables) map.build(alive(id));
    this.merged.build(FIRST_TABLES.flatMap(alive));
    if (this.family === 6) return;
    for (const route of this.all()) {
      for (const way of route.paths ?? [route]) way.source4 = source4(way, this.addresses);
      route.source4 = route.paths?.[0]!.source4 ?? route.source4;
    }
  }

  // ── Rules ───────────────────────────────────────────────────────────────────────────────────────────────────

  rules(): readonly Rule[] {
    return this.ruleList;
  }

  /** False when there is one like it. Of rules with the same priority the older ones come first. */
  addRule(rule: Rule): boolean {
    const placed = { ...rule, priority: rule.priority ?? defaultPriority(this.ruleList) };
    if (this.ruleList.some((other) => sameRule(other, placed))) return false;
    const behind = this.ruleList.findIndex(({ priority }) => priority! > placed.priority);
    this.ruleList.splice(behind < 0 ? this.ruleList.length : behind, 0, placed);
    this.rulesChanged();
    return true;
  }

  removeRule(rule: Rule): void {
    this.ruleList = this.ruleList.filter((other) => other !== rule);
    this.rulesChanged();
  }

  private rulesChanged(): void {
    this.hasFirstRules = areFirstRules(this.family, this.ruleList);
    this.rulesLookAtPackets = this.ruleList.some(looksAtPackets);
    this.changed();
  }
}

function longestThrough(device: Device, words: Int32Array, routes: readonly Route[]): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    if (!route.covers(words) || (best !== undefined && route.length <= best.length)) continue;
    const way = route.paths === null ? route : route.paths.find((path) => path.device === device);
    if (way?.device === device) best = way;
  }
  return best;
}

function source4(route: Route, addresses: AddressTable): number {
  if (route.preferredSource[0] !== 0) return route.preferredSource[0]!;
  const scope = route.hasGateway ? Scope.UNIVERSE : Scope.LINK;
  return addresses.select4(route.device, route.gateway[0]!, scope);
}

function typeOfService({ family, bytes, l3 }: PacketBuffer): number {
  return family === 4 ? bytes[l3 + 1]! : ((bytes[l3]! & 15) << 4) | (bytes[l3 + 1]! >>> 4);
}
