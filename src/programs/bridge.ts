/** `bridge fdb show` of iproute2: what a switch, or the bridges of a host, have learned. Its other objects are refused by name. */
import { BridgeLink } from '../stack/devices/bridge.ts';
import type { Device } from '../stack/device.ts';
import type { Host } from '../stack/host.ts';
import type { TableEntry } from '../vswitch/index.ts';
import type { Program } from './program.ts';

const DONE = 0;
const FAILED = 1;

export const bridge: Program = {
  name: 'bridge',
  usage: 'bridge fdb [show [br BRIDGE]]',
  about: 'Prints the addresses that a switch, or a bridge of a host, knows.',
  on: 'any',
  passesTime: false,
  values: ['entries'],
  completion: (args) => (args.length === 0 ? ['fdb'] : args.length === 1 ? ['show'] : ['br', '<interface>']),
  start({ node, args, io, exit }) {
    const [object, verb = 'show', br, name] = args;
    if (object !== 'fdb' || (verb !== 'show' && verb !== 'list') || (br !== undefined && br !== 'br')) {
      io.err.write('bridge: there is "bridge fdb show [br BRIDGE]"\n');
      return exit(FAILED);
    }
    const entries =
      node.kind === 'switch'
        ? node.switch.table().map((entry) => entryText(entry, ''))
        : bridgesOf(node.gateway.host)
            .filter(({ device }) => name === undefined || device.name === name)
            .flatMap(({ device, link }) =>
              link.table().map((entry) => entryText(entry, ` master ${device.name}`)),
            );
    io.out.write(entries.map((line) => `${line}\n`).join(''));
    exit(DONE, { entries: entries.length });
  },
};

function entryText({ mac, vlan, port, kind }: TableEntry, master: string): string {
  return `${mac} dev ${port}${vlan === 0 ? '' : ` vlan ${vlan}`}${master} ${kind}`;
}

export interface Bridge {
  readonly device: Device;
  readonly link: BridgeLink;
}

export function bridgesOf(host: Host): Bridge[] {
  return [...host.devices.all()].flatMap((device) =>
    device.kind instanceof BridgeLink ? [{ device, link: device.kind }] : [],
  );
}
