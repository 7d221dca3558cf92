/**
 * `bridge fdb show` of iproute2, `brctl` of bridge-utils and `tunctl` of uml-utilities: the same devices as `ip link` makes, in
 * the words that older articles have. What they do not know (VLANs and groups of bridges, STP) is refused by name.
 */
import { BridgeLink } from '../stack/devices/bridge.ts';
import type { Device } from '../stack/device.ts';
import type { Host } from '../stack/host.ts';
import type { TableEntry } from '../vswitch/index.ts';
import { formatMac } from '../wire/address.ts';
import { runIp } from './ip/index.ts';
import type { Call, Program } from './program.ts';

const DONE = 0;
const FAILED = 1;

// ── bridge ──────────────────────────────────────────────────────────────────────────────────────────────────────

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

interface Bridge {
  readonly device: Device;
  readonly link: BridgeLink;
}

function bridgesOf(host: Host): Bridge[] {
  return [...host.devices.all()].flatMap((device) =>
    device.kind instanceof BridgeLink ? [{ device, link: device.kind }] : [],
  );
}

// ── brctl ───────────────────────────────────────────────────────────────────────────────────────────────────────

export const brctl: Program = {
  name: 'brctl',
  usage: 'brctl show|showmacs|addbr|delbr|addif|delif [BRIDGE [INTERFACE …]]',
  about: 'Makes bridges of a host and puts interfaces into them.',
  on: 'host',
  passesTime: false,
  values: [],
  completion: (args) =>
    args.length === 0 ? ['show', 'showmacs', 'addbr', 'delbr', 'addif', 'delif'] : ['<interface>'],
  start(call) {
    if (call.node.kind !== 'host') return;
    const { host } = call.node.gateway;
    const [command = '', name = '', ...interfaces] = call.args;
    if (command === 'show') return finish(call, showBridges(host, call.args.slice(1)), '');
    if (!['showmacs', 'addbr', 'delbr', 'addif', 'delif'].includes(command) || name === '') {
      return finish(call, '', `Usage: ${brctl.usage}\n`);
    }
    const found = bridgesOf(host).find(({ device }) => device.name === name);
    if (command === 'addbr') return finish(call, '', addBridge(host, name));
    if (found === undefined) return finish(call, '', `bridge ${name} does not exist!\n`);
    switch (command) {
      case 'showmacs':
        return finish(call, showMacs(found.link), '');
      case 'delbr':
        return finish(call, '', deleteBridge(host, found));
      default:
        return finish(call, '', moveInterfaces(host, found, interfaces, command === 'addif'));
    }
  },
};

function finish({ io, exit }: Call, out: string, err: string): void {
  io.out.write(out);
  io.err.write(err);
  exit(err === '' ? DONE : FAILED);
}

function addBridge(host: Host, name: string): string {
  if (host.devices.named(name) !== undefined) {
    return `device ${name} already exists; can't create bridge with the same name\n`;
  }
  return runIp(host, ['link', 'add', name, 'type', 'bridge']).err;
}

function deleteBridge(host: Host, { device }: Bridge): string {
  if (device.up) return `bridge ${device.name} is still up; can't delete it\n`;
  return runIp(host, ['link', 'delete', device.name]).err;
}

function moveInterfaces(host: Host, bridge: Bridge, names: readonly string[], goesIn: boolean): string {
  const to = bridge.device.name;
  for (const name of names) {
    const device = host.devices.named(name);
    if (device === undefined) return `interface ${name} does not exist!\n`;
    const isIn = device.taker?.master === bridge.device;
    if (goesIn && device.taker !== null) {
      return `device ${name} is already a member of a bridge; can't enslave it to bridge ${to}.\n`;
    }
    if (!goesIn && !isIn) return `device ${name} is not a slave of ${to}\n`;
    const { err } = runIp(host, ['link', 'set', name, ...(goesIn ? ['master', to] : ['nomaster'])]);
    if (err !== '') return err;
  }
  return names.length === 0 ? `Usage: ${brctl.usage}\n` : '';
}

function showBridges(host: Host, names: readonly string[]): string {
  const lines = bridgesOf(host)
    .filter(({ device }) => names.length === 0 || names.includes(device.name))
    .map(({ device }) => {
      const ports = [...host.devices.all()].filter(({ taker }) => taker?.master === device);
      const id = `8000.${formatMac(device.mac, 0).replaceAll(':', '')}`;
      const [first = '', ...others] = ports.map(({ name }) => name);
      return `${device.name}\t\t${id}\tno\t\t${first}\n${others.map((one) => `\t\t\t\t\t\t\t${one}\n`).join('')}`;
    });
  return `bridge name\tbridge id\t\tSTP enabled\tinterfaces\n${lines.join('')}`;
}

function showMacs(link: BridgeLink): string {
  const ports = link.portNames;
  const lines = link.table().map(({ mac, port, kind, ageUs }) => {
    const number = String(ports.indexOf(port) + 1).padStart(3);
    const isLocal = kind === 'learned' ? 'no' : 'yes';
    return `${number}\t${mac}\t${isLocal}\t\t${(ageUs / 1e6).toFixed(2).padStart(7)}\n`;
  });
  return `port no\tmac addr\t\tis local?\tageing timer\n${lines.join('')}`;
}

// ── tunctl ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const tunctl: Program = {
  name: 'tunctl',
  usage: 'tunctl [-b] [-n] [-u OWNER] [-t DEVICE] | -d DEVICE',
  about: 'Makes TAP devices (with -n TUN devices), and removes them.',
  on: 'host',
  passesTime: false,
  values: [],
  start(call) {
    if (call.node.kind !== 'host') return;
    const { host } = call.node.gateway;
    const { args } = call;
    const valueOf = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
    const gone = valueOf('-d');
    if (gone !== undefined) {
      const { err } = runIp(host, ['link', 'delete', gone]);
      return finish(call, err === '' ? `Set '${gone}' nonpersistent\n` : '', err);
    }
    const kind = args.includes('-n') ? 'tun' : 'tap';
    const name = valueOf('-t') ?? freeName(host, kind);
    const { err } = runIp(host, ['link', 'add', name, 'type', kind]);
    const said = args.includes('-b') ? `${name}\n` : `Set '${name}' persistent and owned by uid 0\n`;
    finish(call, err === '' ? said : '', err);
  },
};

function freeName(host: Host, kind: string): string {
  for (let i = 0; ; i++) if (host.devices.named(`${kind}${i}`) === undefined) return `${kind}${i}`;
}
