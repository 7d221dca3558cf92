/**
 * A lab file (YAML, in the manner of containerlab) made into a Topology. Every mistake is a SluiceError that names file and
 * line, what is wrong and what was probably meant.
 *
 *     name: two hosts
 *     topology:
 *       nodes:
 *         a: { kind: host, interfaces: { eth0: 10.0.0.1/24 }, gateway: 10.0.0.254 }
 *         sw: { kind: switch, model: learning }
 *       links:
 *         - { endpoints: ["a:eth0", "sw:p1"], netem: delay 1ms }
 *     steps:
 *       - { on: a, run: ping 10.0.0.2, expect: { replies: 1 } }
 */
import { parseConfigFile, readConfigFile, type ConfigFile } from '../base/config-file.ts';
import { didYouMean } from '../base/did-you-mean.ts';
import {
  choiceAt,
  fail,
  integerAt,
  listAt,
  objectAt,
  onlyKeys,
  textAt,
  type PlainObject,
} from '../base/plain-object.ts';
import { SluiceError } from '../base/errors.ts';
import { NO_IMPAIRMENT, parseNetem, type Netem } from '../stack/link/index.ts';
import { parseSwitchConfig } from '../vswitch/index.ts';
import { parseCaptureNode } from './capture-node.ts';
import { parseEndpoint } from './endpoint.ts';
import { parseStep } from './step.ts';
import { expandHypervisor } from './hypervisor.ts';
import { parseHostNode } from './host-node.ts';
import { isOutside, macOfOutside, parseOutsideNode } from './outside-node.ts';
import { macText, type RawLink, type RawNode, type RawTopology } from './raw-topology.ts';
import type { Endpoint, HostNode, LabNode, Topology } from './topology.ts';

/** Last byte of the address of a hypervisor's physical NIC; interfaces of hosts count from 0. */
const UPLINK_NIC = 0xf0;

export const NODE_KINDS = ['host', 'gateway', 'switch', 'hypervisor', 'capture', 'vm', 'world'] as const;

export function parseLab(source: { readonly text: string; readonly file: string }): Topology {
  return readConfigFile(source, readLab);
}

/** What has a topology is a lab, whatever is wrong with it. Throws a SluiceError for what is no YAML. */
export function isLabFile(source: { readonly text: string; readonly file: string }): boolean {
  const { value } = parseConfigFile(source);
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'topology');
}

function readLab(file: ConfigFile): Topology {
  const root = objectAt(file.value, 'lab');
  onlyKeys(root, '', ['name', 'topology', 'steps', 'seed']);
  const topology = objectAt(root['topology'], 'topology');
  onlyKeys(topology, 'topology', ['nodes', 'links']);
  const raw: RawTopology = { nodes: [], links: [] };
  for (const [name, value] of Object.entries(objectAt(topology['nodes'], 'topology.nodes'))) {
    addNode(raw, name, value, `topology.nodes.${name}`, '');
  }
  listAt(topology['links'], 'topology.links').forEach((link, i) => {
    raw.links.push(parseLink(link, `topology.links[${i}]`, raw));
  });
  const nodes = finishNodes(raw, file);
  checkLinks(raw.links, nodes);
  return {
    name: textAt(root['name'] ?? 'lab', 'name'),
    nodes,
    links: raw.links,
    steps: listAt(root['steps'], 'steps').map((step, i) => parseStep(step, `steps[${i}]`, nodes, file)),
    seed: integerAt(root['seed'] ?? 1, 'seed', 0, Number.MAX_SAFE_INTEGER),
    locate: (error) => file.locate(error),
  };
}

/** Adds a node, or what a hypervisor consists of. */
function addNode(raw: RawTopology, name: string, value: unknown, path: string, inside: string): void {
  if (!/^[\w.-]+$/.test(name)) fail(path, 'names of nodes are letters, digits, "_", "-" and "."');
  if (raw.nodes.some((node) => node.name === name)) fail(path, `there is a node "${name}" already`);
  const node = objectAt(value, path);
  const kind = choiceAt(node['kind'] ?? 'host', `${path}.kind`, NODE_KINDS);
  const { kind: _, ...settings } = node;
  switch (kind) {
    case 'hypervisor':
      expandHypervisor(raw, name, settings, path, inside, addNode);
      break;
    case 'switch':
    case 'capture':
    case 'vm':
    case 'world':
      raw.nodes.push({ name, kind, settings, path, inside });
      break;
    case 'host':
    case 'gateway':
      raw.nodes.push({
        name,
        kind: 'host',
        settings: { forwards: kind === 'gateway', ...settings },
        path,
        inside,
      });
      break;
  }
}

// ── Links ───────────────────────────────────────────────────────────────────────────────────────────────────────

function parseLink(value: unknown, path: string, raw: RawTopology): RawLink {
  const link = objectAt(value, path);
  onlyKeys(link, path, ['endpoints', 'netem', 'up']);
  const texts = listAt(link['endpoints'], `${path}.endpoints`);
  if (texts.length !== 2) fail(`${path}.endpoints`, 'a link has two ends: ["a:eth0", "sw:p1"]');
  const ends = texts.map((text, i) => parseEndpoint(text, `${path}.endpoints[${i}]`, raw.nodes)) as [
    Endpoint,
    Endpoint,
  ];
  return { ends, netem: netemAt(link['netem'], `${path}.netem`), up: link['up'] !== false, path };
}

function netemAt(value: unknown, path: string): Netem {
  if (value === undefined) return NO_IMPAIRMENT;
  try {
    return parseNetem(textAt(value, path));
  } catch (error) {
    if (error instanceof SluiceError) fail(path, error.message);
    throw error;
  }
}

/** Every interface has one cable at most, and interfaces that are named have to be there. */
function checkLinks(links: readonly RawLink[], nodes: readonly LabNode[]): void {
  const taken = new Map<string, string>();
  const cabled = new Map<string, string>();
  for (const { ends, path } of links) {
    ends.forEach(({ node: name, port }, i) => {
      const where = `${path}.endpoints[${i}]`;
      const key = `${name}:${port}`;
      if (taken.has(key)) fail(where, `"${key}" has a cable already (${taken.get(key)})`);
      taken.set(key, path);
      const node = nodes.find((one) => one.name === name)!;
      if (node.kind === 'switch') return;
      if (node.kind === 'capture') {
        if (cabled.has(name))
          fail(where, `${name} has a cable already (${cabled.get(name)}); a capture node has one`);
        cabled.set(name, path);
        return;
      }
      const known =
        node.kind === 'host'
          ? [...node.config.interfaces.map((iface) => iface.name), ...node.taps]
          : Object.keys(node.interfaces);
      if (known.includes(port)) return;
      fail(
        where,
        `${name} has no interface "${port}"${didYouMean(port, known)}; it has ${known.join(', ') || 'none'}`,
      );
    });
  }
}

// ── Nodes, once the links are known ─────────────────────────────────────────────────────────────────────────────

function finishNodes(raw: RawTopology, file: ConfigFile): LabNode[] {
  const hosts = new Map<string, HostNode>();
  raw.nodes.forEach((node, number) => {
    if (node.kind === 'host') hosts.set(node.name, parseHostNode(node, number + 1, file));
  });
  return raw.nodes.map((node) => {
    if (node.kind === 'capture') return parseCaptureNode(node);
    if (isOutside(node.kind)) return parseOutsideNode(node);
    return hosts.get(node.name) ?? finishSwitch(node, raw, hosts);
  });
}

/** The ports of a switch are those that it names and those that links lead to; the NIC at the other end is what a static
 * switch goes by. */
function finishSwitch(
  { name, settings, path, inside }: RawNode,
  raw: RawTopology,
  hosts: ReadonlyMap<string, HostNode>,
): LabNode {
  const given = settings['ports'] ?? {};
  const named = Array.isArray(given) ? given : Object.keys(objectAt(given, `${path}.ports`));
  const ports: Record<string, unknown> = Array.isArray(given)
    ? Object.fromEntries(named.map((port) => [String(port), {}]))
    : { ...(given as PlainObject) };
  const uplinks = settings['uplinks'];
  const isReserved = (port: string) =>
    selfName(settings) === port ||
    (Array.isArray(uplinks) ? uplinks.includes(port) : Object.hasOwn((uplinks ?? {}) as PlainObject, port));
  for (const { ends } of raw.links) {
    ends.forEach((end, i) => {
      if (end.node !== name || isReserved(end.port)) return;
      const peer = ends[1 - i]!;
      const nic = nicAt(peer, raw, hosts);
      const own = objectAt(ports[end.port] ?? {}, `${path}.ports.${end.port}`);
      ports[end.port] = {
        ...(knowsNics(settings) && nic !== undefined ? { mac: macText(nic) } : {}),
        ...own,
      };
    });
  }
  if (knowsNics(settings)) expectGuests(ports, hosts);
  return { kind: 'switch', name, config: parseSwitchConfig({ ...settings, ports }, path, name), inside };
}

function knowsNics({ model }: PlainObject): boolean {
  return model === 'static' || model === 'distributed';
}

/** A port without a cable that has the name of a guest waits for it (live migration), and goes by its NIC. */
function expectGuests(ports: Record<string, unknown>, hosts: ReadonlyMap<string, HostNode>): void {
  for (const [port, own] of Object.entries(ports)) {
    const mac = hosts.get(port)?.config.interfaces[0]?.mac;
    const settings = (own ?? {}) as PlainObject;
    if (mac !== undefined && settings['mac'] === undefined) ports[port] = { mac: macText(mac), ...settings };
  }
}

/** The address of the NIC at an end of a link: a host's, or that of the physical NIC behind a hypervisor's uplink. */
function nicAt(
  { node, port }: Endpoint,
  raw: RawTopology,
  hosts: ReadonlyMap<string, HostNode>,
): Uint8Array | undefined {
  const number = raw.nodes.findIndex((one) => one.name === node) + 1;
  const found = raw.nodes[number - 1];
  if (found !== undefined && isOutside(found.kind)) return macOfOutside(found, port);
  if (found?.kind === 'switch') return Uint8Array.of(2, 0, 0, number >>> 8, number, UPLINK_NIC);
  return hosts.get(node)?.config.interfaces.find((iface) => iface.name === port)?.mac;
}

function selfName({ self }: PlainObject): unknown {
  return typeof self === 'object' && self !== null ? (self as PlainObject)['name'] : self;
}
