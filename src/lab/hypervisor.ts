/**
 * A hypervisor of a lab file: a switch with guests inside, who may be hypervisors themselves. It unfolds into a switch of
 * the hypervisor's name, the guests, and a link from every NIC of a guest to a port of the switch.
 *
 *     nested:
 *       kind: hypervisor
 *       switch: { model: static, uplinks: [vmnic0] }
 *       guests:
 *         b: { interfaces: { eth0: 10.0.0.3/24 } }
 *
 * `network` instead of `switch` is one of the networks that hypervisors offer (networks.ts).
 */
import { fail, objectAt, onlyKeys, type PlainObject } from '../base/plain-object.ts';
import { NO_IMPAIRMENT } from '../stack/link/index.ts';
import { offeredNetwork, type Wiring } from './networks.ts';
import type { RawTopology } from './raw-topology.ts';

/** How nodes are added: a guest may be a hypervisor as well. */
type AddNode = (raw: RawTopology, name: string, value: unknown, path: string, inside: string) => void;

export function expandHypervisor(
  raw: RawTopology,
  name: string,
  settings: PlainObject,
  path: string,
  inside: string,
  addNode: AddNode,
): void {
  onlyKeys(settings, path, ['switch', 'network', 'guests', 'host']);
  if ((settings['switch'] === undefined) === (settings['network'] === undefined)) {
    fail(path, 'a hypervisor has either a "switch" or a "network"');
  }
  const wiring =
    settings['network'] === undefined ? ownSwitch(settings, path) : offeredNetwork(settings, path);
  raw.nodes.push({
    name,
    kind: 'switch',
    settings: wiring.switch,
    path: `${path}.${wiring.key}`,
    inside: inside === '' ? name : inside,
  });
  if (wiring.host !== null) {
    const host = `${name}-host`;
    addNode(raw, host, wiring.host.settings, `${path}.host`, name);
    raw.links.push(cable(host, wiring.host.interface, name, wiring.host.port, path));
  }
  Object.entries(objectAt(settings['guests'] ?? {}, `${path}.guests`)).forEach(([guest, value], number) => {
    const where = `${path}.guests.${guest}`;
    const object = wiring.completeGuest(objectAt(value, where), number + 1);
    addNode(raw, guest, object, where, name);
    for (const [nic, port] of nicsOf(guest, object, number + 1, wiring))
      raw.links.push(cable(guest, nic, name, port, where));
  });
}

function ownSwitch(settings: PlainObject, path: string): Wiring {
  return {
    key: 'switch',
    switch: objectAt(settings['switch'], `${path}.switch`),
    host: null,
    portOf: (guest, index) => (index === 0 ? guest : `${guest}.${index}`),
    completeGuest: (guest) => guest,
  };
}

/** The NICs of a guest by name, each with the port it is plugged into. Those of a hypervisor are the uplinks of its switch. */
function nicsOf(
  guest: string,
  object: PlainObject,
  number: number,
  wiring: Wiring,
): [nic: string, port: string][] {
  const names =
    object['kind'] === 'hypervisor'
      ? uplinksOf(object)
      : Object.keys((object['interfaces'] ?? {}) as PlainObject);
  return names.map((nic, index) => [nic, wiring.portOf(guest, index, number)]);
}

function uplinksOf(hypervisor: PlainObject): string[] {
  const uplinks = ((hypervisor['switch'] ?? {}) as PlainObject)['uplinks'] ?? [];
  return Array.isArray(uplinks) ? uplinks.map(String) : Object.keys(uplinks as PlainObject);
}

function cable(a: string, aPort: string, b: string, bPort: string, path: string) {
  const ends = [
    { node: a, port: aPort },
    { node: b, port: bPort },
  ] as const;
  return { ends, netem: NO_IMPAIRMENT, up: true, path };
}
