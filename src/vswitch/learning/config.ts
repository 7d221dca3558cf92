/**
 * The configuration of a learning switch, in the words of ip-link(8) "bridge" and bridge(8):
 *
 *     model: learning
 *     mac: "02:00:00:00:00:01"           # the switch's own address
 *     self: br0                          # its own interface, a port that hosts attach to; or a mapping of its settings
 *     ageing_time: 300                   # seconds; 0: nothing is learnt, everything flooded
 *     fdb_max_learned: 0                 # 0: what memory allows (262,144)
 *     vlan_filtering: true
 *     vlan_protocol: 802.1Q              # or 802.1ad
 *     vlan_default_pvid: 1               # every port's, untagged; 0: none
 *     group_fwd_mask: 0x4000
 *     nf_call_iptables: true             # the host's rules see what this bridge bridges; nf_call_ip6tables, nf_call_arptables
 *     stp: true                          # or rapid; with priority, hello_time, max_age and forward_delay (seconds)
 *     mcast_snooping: true               # with mcast_querier and the kernel's times and limits; off unless given
 *     ports:
 *       p1: { isolated: true, learning: false, hairpin: true, vlans: [{ vid: 10, pvid: true, untagged: true }, 20, "30-40"] }
 *     fdb: [{ mac: "02:00:00:00:00:02", port: p1, vlan: 10, sticky: true }]
 *     mirrors: [{ from: [p1], to: p3, direction: both }]
 */
import {
  booleanAt,
  choiceAt,
  fail,
  integerAt,
  listAt,
  numberAt,
  objectAt,
  onlyKeys,
  textAt,
  type PlainObject,
} from '../../base/plain-object.ts';
import { ETH_P_8021AD, ETH_P_8021Q } from '../../wire/ether-type.ts';
import { FdbFlag } from '../fdb.ts';
import { mirrorsAt, type MirrorConfig } from '../mirror.ts';
import { flagAt, macAt, portAt, portNameAt, portsAt, stationAt, vidAt, vidsAt } from '../values.ts';
import { EDGES, PORT_STATE_NAMES, PortState, type BridgePortSettings } from './bridge-port.ts';
import type { SnoopingConfig } from './snooping/config.ts';
import type { StpConfig } from './tree-protocol.ts';
import { VlanMembership } from './vlans.ts';

export interface FdbEntryConfig {
  readonly mac: Uint8Array;
  readonly vlan: number;
  readonly port: string;
  /** Flags of FdbFlag. */
  readonly kind: number;
}

/** Whose rules see what is bridged, whatever the host's sysctls say of all its bridges. There are no arptables: they have no rules. */
export interface RuleCalls {
  readonly iptables: boolean;
  readonly ip6tables: boolean;
  readonly arptables: boolean;
}

export interface LearningConfig {
  readonly model: 'learning';
  readonly name: string;
  readonly ageingSeconds: number;
  readonly fdbMaxLearned: number;
  readonly vlanProtocol: number;
  readonly groupFwdMask: number;
  readonly noLinkLocalLearn: boolean;
  readonly calls: RuleCalls;
  /** Null: no spanning tree. */
  readonly stp: StpConfig | null;
  /** Null: groups are flooded. */
  readonly snooping: SnoopingConfig | null;
  readonly ports: readonly BridgePortSettings[];
  readonly fdb: readonly FdbEntryConfig[];
  readonly mirrors: readonly MirrorConfig[];
}

const MCAST_KEYS = [
  'mcast_querier',
  'mcast_igmp_version',
  'mcast_mld_version',
  'mcast_membership_interval',
  'mcast_querier_interval',
  'mcast_query_interval',
  'mcast_query_response_interval',
  'mcast_startup_query_interval',
  'mcast_startup_query_count',
  'mcast_last_member_interval',
  'mcast_last_member_count',
  'mcast_hash_max',
];
const KEYS = [
  'model',
  'mac',
  'self',
  'ageing_time',
  'fdb_max_learned',
  'vlan_filtering',
  'vlan_protocol',
  'vlan_default_pvid',
  'group_fwd_mask',
  'no_linklocal_learn',
  'nf_call_iptables',
  'nf_call_ip6tables',
  'nf_call_arptables',
  'stp',
  'priority',
  'hello_time',
  'max_age',
  'forward_delay',
  'mcast_snooping',
  ...MCAST_KEYS,
  'ports',
  'fdb',
  'mirrors',
];
const PORT_KEYS = [
  'learning',
  'flood',
  'mcast_flood',
  'bcast_flood',
  'isolated',
  'locked',
  'hairpin',
  'group_fwd_mask',
  'state',
  'cost',
  'priority',
  'root_block',
  'bpdu_guard',
  'edge',
  'point_to_point',
  'mcast_router',
  'fastleave',
  'vlans',
];
const SELF_KEYS = ['name', 'promisc', 'vlans'];
/** Only the spanning tree blocks a port; one that is set to it the kernel sets to forwarding at once. */
const SETTABLE_STATES = PORT_STATE_NAMES.filter((name) => name !== 'blocking');
const VLAN_PROTOCOLS = { '802.1Q': ETH_P_8021Q, '802.1ad': ETH_P_8021AD } as const;
const DEFAULT_AGEING_SECONDS = 300;
const MAX_AGEING_SECONDS = 1_000_000;
/** Groups 0 to 2 are never forwarded on a mask's word: spanning tree, pause, link aggregation (BR_GROUPFWD_RESTRICTED). */
const RESTRICTED_GROUPS = 0x0007;

/** How VLANs are filtered; null when they are not. */
interface VlanRules {
  readonly defaultPvid: number;
}

export function parseLearning(value: PlainObject, path: string, name: string): LearningConfig {
  onlyKeys(value, path, KEYS);
  const at = (key: string) => `${path}.${key}`;
  const vlans: VlanRules | null = flagAt(value, path, 'vlan_filtering', false)
    ? { defaultPvid: integerAt(value['vlan_default_pvid'] ?? 1, at('vlan_default_pvid'), 0, 4094) }
    : null;
  const mac = value['mac'] === undefined ? null : stationAt(value['mac'], at('mac'));
  const ports = portsAt(value['ports'], at('ports'), (port, settings, where) =>
    parsePort(port, settings, where, vlans),
  );
  const self =
    value['self'] === undefined && mac === null
      ? null
      : parseSelf(value['self'], at('self'), name, mac, vlans);
  if (self !== null && ports.some((port) => port.name === self.name)) {
    fail(at('self'), `"${self.name}" is a port already`);
  }
  const all = self === null ? ports : [...ports, self];
  return {
    model: 'learning',
    name,
    ageingSeconds: numberAt(
      value['ageing_time'] ?? DEFAULT_AGEING_SECONDS,
      at('ageing_time'),
      0,
      MAX_AGEING_SECONDS,
    ),
    fdbMaxLearned: integerAt(value['fdb_max_learned'] ?? 0, at('fdb_max_learned'), 0, 0xffffffff),
    vlanProtocol:
      VLAN_PROTOCOLS[
        choiceAt(value['vlan_protocol'] ?? '802.1Q', at('vlan_protocol'), ['802.1Q', '802.1ad'])
      ],
    groupFwdMask: maskAt(value['group_fwd_mask'] ?? 0, at('group_fwd_mask')),
    noLinkLocalLearn: flagAt(value, path, 'no_linklocal_learn', false),
    calls: {
      iptables: flagAt(value, path, 'nf_call_iptables', false),
      ip6tables: flagAt(value, path, 'nf_call_ip6tables', false),
      arptables: flagAt(value, path, 'nf_call_arptables', false),
    },
    stp: parseStp(value, path, mac),
    snooping: parseSnooping(value, path, mac),
    ports: all,
    fdb: listAt(value['fdb'], at('fdb')).map((entry, i) => parseEntry(entry, `${at('fdb')}[${i}]`, all)),
    mirrors: mirrorsAt(value['mirrors'], at('mirrors'), all),
  };
}

const PLAIN_PORT = {
  isSelf: false,
  learning: true,
  flood: true,
  mcastFlood: true,
  bcastFlood: true,
  isolated: false,
  locked: false,
  hairpin: false,
  groupFwdMask: 0,
  state: PortState.FORWARDING,
  promisc: false,
  cost: 2,
  priority: 32,
  rootBlock: false,
  bpduGuard: false,
  edge: 'auto',
  pointToPoint: true,
  mcastRouter: 1,
  fastLeave: false,
} as const;

function parsePort(name: string, value: unknown, path: string, vlans: VlanRules | null): BridgePortSettings {
  const port = objectAt(value, path);
  const flag = (key: string, byDefault: boolean) => flagAt(port, path, key, byDefault);
  const state = choiceAt(port['state'] ?? 'forwarding', `${path}.state`, SETTABLE_STATES);
  return {
    ...PLAIN_PORT,
    ...portAt(name, value, path, PORT_KEYS),
    learning: flag('learning', true),
    flood: flag('flood', true),
    mcastFlood: flag('mcast_flood', true),
    bcastFlood: flag('bcast_flood', true),
    isolated: flag('isolated', false),
    locked: flag('locked', false),
    hairpin: flag('hairpin', false),
    groupFwdMask: maskAt(port['group_fwd_mask'] ?? 0, `${path}.group_fwd_mask`),
    state: PORT_STATE_NAMES.indexOf(state) as PortState,
    // What a link of 10 Gbit/s costs, as Linux has it for veth; 63 is the lowest priority.
    cost: integerAt(port['cost'] ?? PLAIN_PORT.cost, `${path}.cost`, 1, 65535),
    priority: integerAt(port['priority'] ?? PLAIN_PORT.priority, `${path}.priority`, 0, 63),
    rootBlock: flag('root_block', false),
    bpduGuard: flag('bpdu_guard', false),
    edge: choiceAt(port['edge'] ?? PLAIN_PORT.edge, `${path}.edge`, EDGES),
    pointToPoint: flag('point_to_point', true),
    mcastRouter: integerAt(port['mcast_router'] ?? 1, `${path}.mcast_router`, 0, 2),
    fastLeave: flag('fastleave', false),
    vlans: parseVlans(port['vlans'], `${path}.vlans`, vlans),
  };
}

/** Times in seconds, within the bounds that 802.1D and the kernel have. */
function parseStp(value: PlainObject, path: string, mac: Uint8Array | null): StpConfig | null {
  const { stp = false } = value;
  if (stp !== true && stp !== false && stp !== 'rapid')
    fail(`${path}.stp`, `must be true, false or rapid, not ${JSON.stringify(stp)}`);
  if (stp === false) return null;
  if (mac === null) fail(`${path}.stp`, 'a spanning tree needs the address of the switch ("mac")');
  const seconds = (key: string, byDefault: number, min: number, max: number) =>
    numberAt(value[key] ?? byDefault, `${path}.${key}`, min, max) * 1_000_000;
  return {
    isRapid: stp === 'rapid',
    priority: integerAt(value['priority'] ?? 32768, `${path}.priority`, 0, 65535),
    helloTime: seconds('hello_time', 2, 1, 10),
    maxAge: seconds('max_age', 20, 6, 40),
    forwardDelay: seconds('forward_delay', 15, 2, 30),
  };
}

/** The kernel's defaults, in seconds. */
function parseSnooping(value: PlainObject, path: string, mac: Uint8Array | null): SnoopingConfig | null {
  if (!flagAt(value, path, 'mcast_snooping', false)) {
    const stray = MCAST_KEYS.find((key) => value[key] !== undefined);
    if (stray !== undefined) fail(`${path}.${stray}`, 'needs "mcast_snooping: true"');
    return null;
  }
  const querier = flagAt(value, path, 'mcast_querier', false);
  if (querier && mac === null)
    fail(`${path}.mcast_querier`, 'a querier needs the address of the switch ("mac")');
  const us = (key: string, byDefault: number) =>
    numberAt(value[`mcast_${key}`] ?? byDefault, `${path}.mcast_${key}`, 0, 100_000) * 1_000_000;
  const count = (key: string, byDefault: number) =>
    integerAt(value[`mcast_${key}`] ?? byDefault, `${path}.mcast_${key}`, 0, 1 << 20);
  return {
    querier,
    igmpVersion: integerAt(value['mcast_igmp_version'] ?? 2, `${path}.mcast_igmp_version`, 2, 3),
    mldVersion: integerAt(value['mcast_mld_version'] ?? 1, `${path}.mcast_mld_version`, 1, 2),
    membershipInterval: us('membership_interval', 260),
    querierInterval: us('querier_interval', 255),
    queryInterval: us('query_interval', 125),
    queryResponseInterval: us('query_response_interval', 10),
    startupQueryInterval: us('startup_query_interval', 31.25),
    startupQueryCount: count('startup_query_count', 2),
    lastMemberInterval: us('last_member_interval', 1),
    lastMemberCount: count('last_member_count', 2),
    hashMax: count('hash_max', 4096),
  };
}

/** The interface of the switch itself: it learns nothing, and its frames go out of every port. */
function parseSelf(
  value: unknown,
  path: string,
  name: string,
  mac: Uint8Array | null,
  vlans: VlanRules | null,
): BridgePortSettings {
  const self = typeof value === 'object' && value !== null ? objectAt(value, path) : { name: value ?? name };
  return {
    ...PLAIN_PORT,
    ...portAt(textAt(self['name'] ?? name, `${path}.name`), self, path, SELF_KEYS),
    mac,
    isSelf: true,
    learning: false,
    promisc: flagAt(self, path, 'promisc', false),
    vlans: parseVlans(self['vlans'], `${path}.vlans`, vlans),
  };
}

function maskAt(value: unknown, path: string): number {
  const mask = integerAt(value, path, 0, 0xffff);
  if ((mask & RESTRICTED_GROUPS) !== 0) fail(path, 'groups 0, 1 and 2 (bits 0x7) are never forwarded');
  return mask;
}

/** `bridge vlan add`: members in the order given; the default VLAN is there before them. */
function parseVlans(value: unknown, path: string, rules: VlanRules | null): VlanMembership | null {
  if (rules === null) {
    if (value !== undefined) fail(path, 'VLANs are not filtered: "vlan_filtering: true" is missing');
    return null;
  }
  const membership = new VlanMembership();
  if (rules.defaultPvid !== 0) membership.add(rules.defaultPvid, { pvid: true, untagged: true });
  listAt(value, path).forEach((item, i) => {
    const where = `${path}[${i}]`;
    const isPlain = typeof item === 'number' || typeof item === 'string';
    const entry = isPlain ? { vid: item } : objectAt(item, where);
    onlyKeys(entry, where, ['vid', 'pvid', 'untagged', 'remove']);
    const flag = (key: string) => booleanAt(entry[key] ?? false, `${where}.${key}`);
    const vids = vidsAt(entry['vid'], isPlain ? where : `${where}.vid`);
    if (flag('pvid') && vids.length > 1)
      fail(`${where}.pvid`, 'a port has one VLAN for frames without a tag');
    for (const vid of vids) {
      if (flag('remove')) membership.delete(vid);
      else membership.add(vid, { pvid: flag('pvid'), untagged: flag('untagged') });
    }
  });
  return membership;
}

function parseEntry(value: unknown, path: string, ports: readonly BridgePortSettings[]): FdbEntryConfig {
  const entry = objectAt(value, path);
  onlyKeys(entry, path, ['mac', 'port', 'vlan', 'sticky', 'local']);
  const mac = macAt(entry['mac'], `${path}.mac`);
  if ((mac[0]! & 1) !== 0) fail(`${path}.mac`, 'groups are kept by snooping, not in this table');
  return {
    mac,
    port: portNameAt(entry['port'], `${path}.port`, ports),
    vlan: entry['vlan'] === undefined ? 0 : vidAt(entry['vlan'], `${path}.vlan`),
    kind:
      FdbFlag.STATIC |
      (flagAt(entry, path, 'sticky', false) ? FdbFlag.STICKY : 0) |
      (flagAt(entry, path, 'local', false) ? FdbFlag.LOCAL : 0),
  };
}
