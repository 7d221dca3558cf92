/**
 * The configuration of vSphere's switches, in the words of vSphere Networking:
 *
 *     model: static                       # or distributed
 *     uplinks: [vmnic0, vmnic1]
 *     security: { promiscuous: reject, forged_transmits: accept, mac_changes: accept }
 *     teaming: { policy: originating-port, active: [vmnic0, vmnic1], standby: [], notify: true, failback: true, detection: beacon }
 *     shaping: { average: 100000, peak: 200000, burst: 102400 }      # kbit/s, kbit/s, kilobytes; of what guests send
 *     reverse_path_check: false           # Net.ReversePathFwdCheckPromisc
 *     port_groups:
 *       VM Network: { vlan: 0, security: {…}, teaming: {…}, shaping: {…} }
 *     ports:
 *       vm1: { mac: "00:50:56:00:00:01", port_group: VM Network, security: { promiscuous: accept } }
 *
 * and of a distributed switch besides, in a port group or a port:
 *
 *       learning: { limit: 4096, at_limit: allow, unicast_flooding: true }
 *       pvlan: { primary: 100, secondary: 101, kind: isolated }
 *       trunk: [0, 10, "20-30"]                # 0: frames without a tag
 *       shaping_out: {…}
 *     mirrors: [{ from: [vm1], to: vm2, direction: both }]
 *
 * A port has what its port group says, unless it says otherwise; a port group what the switch says.
 */
import {
  choiceAt,
  fail,
  integerAt,
  listAt,
  objectAt,
  onlyKeys,
  textAt,
  type PlainObject,
} from '../../base/plain-object.ts';
import { mirrorsAt, type MirrorConfig } from '../mirror.ts';
import type { PortSettings } from '../port.ts';
import { flagAt, merged, portAt, portNameAt, portsAt, vidAt, vidsAt } from '../values.ts';
import type { ShapingConfig } from './shaper.ts';
import { VlanView, type PrivateVlan } from './vlan-view.ts';
import type { MacLearning, SecurityPolicy, TeamingConfig, VmPortSettings } from './vm-port.ts';

export interface VsphereConfig {
  readonly model: 'static' | 'distributed';
  readonly name: string;
  readonly reversePathCheck: boolean;
  readonly ports: readonly VmPortSettings[];
  readonly mirrors: readonly MirrorConfig[];
}

const POLICY_KEYS = ['security', 'teaming', 'shaping'];
const DISTRIBUTED_POLICY_KEYS = ['learning', 'pvlan', 'trunk', 'shaping_out'];
const ACCEPT_REJECT = ['accept', 'reject'] as const;
const POLICIES = ['originating-port', 'source-mac', 'ip-hash', 'explicit'] as const;
const DETECTIONS = ['link', 'beacon'] as const;
const KINDS = ['promiscuous', 'isolated', 'community'] as const;
/** vSphere's own defaults: what a standard switch accepts of guests, and the most addresses learnt behind a port. */
const DEFAULT_SECURITY = {
  promiscuous: 'reject',
  forged_transmits: 'accept',
  mac_changes: 'accept',
} as const;
const DISTRIBUTED_SECURITY = {
  promiscuous: 'reject',
  forged_transmits: 'reject',
  mac_changes: 'reject',
} as const;
const MOST_LEARNT = 4096;
const MAX_KILOBITS = 1_000_000_000;

export function parseVsphere(
  value: PlainObject,
  path: string,
  name: string,
  model: 'static' | 'distributed',
): VsphereConfig {
  const isDistributed = model === 'distributed';
  onlyKeys(value, path, [
    ...['model', 'uplinks', 'port_groups', 'ports', 'reverse_path_check', ...POLICY_KEYS],
    ...(isDistributed ? ['mirrors', 'learning', 'shaping_out'] : []),
  ]);
  const at = (key: string) => `${path}.${key}`;
  const uplinks = value['uplinks'] === undefined ? [] : portsAt(value['uplinks'], at('uplinks'), uplinkAt);
  const groups = objectAt(value['port_groups'] ?? {}, at('port_groups'));
  for (const [group, settings] of Object.entries(groups)) {
    const where = `${at('port_groups')}.${group}`;
    onlyKeys(objectAt(settings ?? {}, where), where, [
      ...['vlan', ...POLICY_KEYS],
      ...(isDistributed ? DISTRIBUTED_POLICY_KEYS : []),
    ]);
  }
  const reader = new PolicyReader(value, path, groups, uplinks, isDistributed);
  const guests = portsAt(value['ports'], at('ports'), (port, settings, where) =>
    reader.guest(port, settings, where),
  );
  for (const { name: guest } of guests) {
    if (uplinks.some((uplink) => uplink.name === guest))
      fail(`${at('ports')}.${guest}`, 'is an uplink already');
  }
  const teaming = reader.teamingOf({}, path);
  const ports = [...guests, ...uplinks.map((settings) => uplinkSettings(settings, teaming))];
  return {
    model,
    name,
    reversePathCheck: flagAt(value, path, 'reverse_path_check', false),
    ports,
    mirrors: mirrorsAt(value['mirrors'], at('mirrors'), ports),
  };
}

function uplinkAt(name: string, value: unknown, path: string): PortSettings {
  return portAt(name, value, path, []);
}

function uplinkSettings(settings: PortSettings, teaming: TeamingConfig): VmPortSettings {
  return {
    ...settings,
    isUplink: true,
    portGroup: '',
    vlans: VlanView.uplink(),
    security: { promiscuous: false, forgedTransmits: true, macChanges: true },
    learning: null,
    teaming,
    ingressShaping: null,
    egressShaping: null,
  };
}

/** Reads the policies of ports, each out of three layers: the switch, the port group, the port. */
class PolicyReader {
  private readonly root: PlainObject;
  private readonly path: string;
  private readonly groups: PlainObject;
  private readonly uplinks: readonly PortSettings[];
  private readonly isDistributed: boolean;
  /** Every private VLAN that a port group names. */
  private readonly privateVlans: readonly PrivateVlan[];
  /** Ports with the same teaming share the object, and so the team. */
  private readonly teamings = new Map<string, TeamingConfig>();

  constructor(
    root: PlainObject,
    path: string,
    groups: PlainObject,
    uplinks: readonly PortSettings[],
    isDistributed: boolean,
  ) {
    this.root = root;
    this.path = path;
    this.groups = groups;
    this.uplinks = uplinks;
    this.isDistributed = isDistributed;
    this.privateVlans = Object.entries(groups).flatMap(([name, group]) => {
      const pvlan = (group as PlainObject | null)?.['pvlan'];
      return pvlan === undefined ? [] : [privateVlanAt(pvlan, `${path}.port_groups.${name}.pvlan`)];
    });
  }

  guest(name: string, value: unknown, where: string): VmPortSettings {
    const port = objectAt(value, where);
    const base = portAt(name, value, where, [
      ...['port_group', 'vlan', ...POLICY_KEYS],
      ...(this.isDistributed ? DISTRIBUTED_POLICY_KEYS : []),
    ]);
    const { group, groupPath, groupName } = this.groupOf(port, where);
    // The place of a mistake: where the key that counts stands.
    const pathOf = (key: string) =>
      port[key] !== undefined ? where : group[key] !== undefined ? groupPath : this.path;
    const layers = (key: string) =>
      merged(
        ...[this.root, group, port].map((layer) =>
          layer[key] === undefined ? undefined : objectAt(layer[key], `${pathOf(key)}.${key}`),
        ),
      );
    const own = merged(group, port);
    return {
      ...base,
      isUplink: false,
      portGroup: groupName,
      vlans: this.vlansOf(own, pathOf),
      security: securityAt(
        merged(this.isDistributed ? DISTRIBUTED_SECURITY : DEFAULT_SECURITY, layers('security')),
        `${pathOf('security')}.security`,
      ),
      learning: this.learningOf(
        port['learning'] ?? group['learning'] ?? this.root['learning'],
        pathOf('learning'),
      ),
      teaming: this.teamingOf(layers('teaming'), pathOf('teaming')),
      ingressShaping: shapingAt(layers('shaping'), `${pathOf('shaping')}.shaping`),
      egressShaping: shapingAt(layers('shaping_out'), `${pathOf('shaping_out')}.shaping_out`),
    };
  }

  teamingOf(teaming: PlainObject, where: string): TeamingConfig {
    const path = `${where}.teaming`;
    onlyKeys(teaming, path, ['policy', 'active', 'standby', 'notify', 'failback', 'detection']);
    const names = (key: string) =>
      listAt(teaming[key], `${path}.${key}`).map((uplink, i) =>
        portNameAt(uplink, `${path}.${key}[${i}]`, this.uplinks),
      );
    const standby = names('standby');
    const active =
      teaming['active'] === undefined
        ? this.uplinks.map(({ name }) => name).filter((name) => !standby.includes(name))
        : names('active');
    const both = active.find((name) => standby.includes(name));
    if (both !== undefined) fail(path, `"${both}" is both active and standby`);
    const policy = choiceAt(teaming['policy'] ?? 'originating-port', `${path}.policy`, POLICIES);
    if (policy === 'ip-hash' && standby.length > 0)
      fail(`${path}.standby`, 'ip-hash uses a bundle: no standby uplinks');
    const detection = choiceAt(teaming['detection'] ?? 'link', `${path}.detection`, DETECTIONS);
    if (detection === 'beacon') {
      if (policy === 'ip-hash')
        fail(`${path}.detection`, 'the links of a bundle (ip-hash) cannot be probed by beacons');
      if (active.length + standby.length < 2) fail(`${path}.detection`, 'beacons need two uplinks at least');
    }
    const config: TeamingConfig = {
      detection,
      policy,
      active,
      standby,
      notify: flagAt(teaming, path, 'notify', true),
      failback: flagAt(teaming, path, 'failback', true),
    };
    const key = JSON.stringify(config);
    const known = this.teamings.get(key) ?? config;
    this.teamings.set(key, known);
    return known;
  }

  private groupOf(port: PlainObject, where: string) {
    if (port['port_group'] === undefined)
      return { group: {} as PlainObject, groupPath: this.path, groupName: '' };
    const known = Object.keys(this.groups).map((name) => ({ name }));
    const groupName = textAt(port['port_group'], `${where}.port_group`);
    if (!Object.hasOwn(this.groups, groupName)) {
      fail(
        `${where}.port_group`,
        `no port group "${groupName}"; there are ${known.map(({ name }) => name).join(', ') || 'none'}`,
      );
    }
    const groupPath = `${this.path}.port_groups.${groupName}`;
    return { group: objectAt(this.groups[groupName] ?? {}, groupPath), groupPath, groupName };
  }

  private vlansOf(own: PlainObject, pathOf: (key: string) => string): VlanView {
    const given = ['vlan', 'pvlan', 'trunk'].filter((key) => own[key] !== undefined);
    if (given.length > 1)
      fail(`${pathOf(given[1]!)}.${given[1]}`, `"${given[0]}" and "${given[1]}" exclude each other`);
    const at = (key: string) => `${pathOf(key)}.${key}`;
    if (own['pvlan'] !== undefined)
      return VlanView.private(privateVlanAt(own['pvlan'], at('pvlan')), this.privateVlans);
    if (own['trunk'] !== undefined) return VlanView.trunk(vidsAt(own['trunk'], at('trunk'), 0));
    return VlanView.ofPortGroup(integerAt(own['vlan'] ?? 0, at('vlan'), 0, 4095));
  }

  private learningOf(value: unknown, where: string): MacLearning | null {
    if (value === undefined || value === false) return null;
    const path = `${where}.learning`;
    const learning = value === true ? {} : objectAt(value, path);
    onlyKeys(learning, path, ['limit', 'at_limit', 'unicast_flooding']);
    return {
      limit: integerAt(learning['limit'] ?? MOST_LEARNT, `${path}.limit`, 1, MOST_LEARNT),
      atLimit: choiceAt(learning['at_limit'] ?? 'allow', `${path}.at_limit`, ['allow', 'drop']),
      unicastFlooding: flagAt(learning, path, 'unicast_flooding', true),
    };
  }
}

function securityAt(value: PlainObject, path: string): SecurityPolicy {
  onlyKeys(value, path, Object.keys(DEFAULT_SECURITY));
  const accepts = (key: string) => choiceAt(value[key], `${path}.${key}`, ACCEPT_REJECT) === 'accept';
  return {
    promiscuous: accepts('promiscuous'),
    forgedTransmits: accepts('forged_transmits'),
    macChanges: accepts('mac_changes'),
  };
}

function shapingAt(value: PlainObject, path: string): ShapingConfig | null {
  if (Object.keys(value).length === 0) return null;
  onlyKeys(value, path, ['average', 'peak', 'burst']);
  const figure = (key: string) => integerAt(value[key], `${path}.${key}`, 1, MAX_KILOBITS);
  const shaping = { average: figure('average'), peak: figure('peak'), burst: figure('burst') };
  if (shaping.peak < shaping.average) fail(`${path}.peak`, 'the peak is at least the average');
  return shaping;
}

function privateVlanAt(value: unknown, path: string): PrivateVlan {
  const pvlan = objectAt(value, path);
  onlyKeys(pvlan, path, ['primary', 'secondary', 'kind']);
  const kind = choiceAt(pvlan['kind'], `${path}.kind`, KINDS);
  const primary = vidAt(pvlan['primary'], `${path}.primary`);
  const secondary = vidAt(pvlan['secondary'] ?? primary, `${path}.secondary`);
  if ((kind === 'promiscuous') !== (primary === secondary)) {
    fail(path, 'a promiscuous private VLAN is its own secondary one, and no other kind is');
  }
  return { primary, secondary, kind };
}
