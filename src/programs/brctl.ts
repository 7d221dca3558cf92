/**
 * `brctl` of bridge-utils: the same bridges as `ip link` makes, in the words that older articles have. Source: brctl(8), and
 * the program watched (1.7.1). Spanning tree and the times of a bridge are not there, and refused as commands that there are none of.
 */
import type { BridgeLink } from '../stack/devices/bridge.ts';
import type { Device } from '../stack/device.ts';
import type { Host } from '../stack/host.ts';
import { formatMac } from '../wire/address.ts';
import { bridgesOf, type Bridge } from './bridge.ts';
import { runIp } from './ip/index.ts';
import type { Program } from './program.ts';

const DONE = 0;
const FAILED = 1;

interface Said {
  readonly out?: string;
  readonly err?: string;
}

interface Command {
  /** Words that it needs at least. */
  readonly words: number;
  readonly usage: string;
  run(host: Host, args: readonly string[]): Said;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['addbr', { words: 1, usage: '<bridge>\t\tadd bridge', run: (host, [name]) => addBridge(host, name!) }],
  [
    'delbr',
    { words: 1, usage: '<bridge>\t\tdelete bridge', run: (host, [name]) => deleteBridge(host, name!) },
  ],
  [
    'addif',
    {
      words: 2,
      usage: '<bridge> <device>\tadd interface to bridge',
      run: (host, [name, ...ports]) => forEach(host, name!, ports, addInterface),
    },
  ],
  [
    'delif',
    {
      words: 2,
      usage: '<bridge> <device>\tdelete interface from bridge',
      run: (host, [name, ...ports]) => forEach(host, name!, ports, removeInterface),
    },
  ],
  ['show', { words: 0, usage: '[ <bridge> ]\t\tshow a list of bridges', run: showBridges }],
  [
    'showmacs',
    { words: 1, usage: '<bridge>\t\tshow a list of mac addrs', run: (host, [name]) => showMacs(host, name!) },
  ],
] satisfies [string, Command][]);

const USAGE = `Usage: brctl [commands]
commands:
${[...COMMANDS].map(([name, { usage }]) => `\t${name.padEnd(10)}\t${usage}\n`).join('')}`;

export const brctl: Program = {
  name: 'brctl',
  usage: 'brctl show|showmacs|addbr|delbr|addif|delif [BRIDGE [INTERFACE …]]',
  about: 'Makes bridges of a host and puts interfaces into them.',
  on: 'host',
  passesTime: false,
  values: [],
  completion: (args) => (args.length === 0 ? [...COMMANDS.keys()] : ['<interface>']),
  start({ node, args, io, exit }) {
    if (node.kind !== 'host') return;
    const [name, ...rest] = args;
    const end = ({ out = '', err = '' }: Said, status = err === '' ? DONE : FAILED): void => {
      io.err.write(err);
      io.out.write(out);
      exit(status);
    };
    if (name === undefined) return end({ err: USAGE });
    if (name === '-h' || name === '--help') return end({ out: USAGE });
    if (name === '-V' || name === '--version') return end({ out: 'bridge-utils, 1.7\n' });
    const command = COMMANDS.get(name);
    if (command === undefined) return end({ err: `never heard of command [${name}]\n${USAGE}` });
    if (rest.length < command.words) {
      const usage = `Usage: brctl ${name} ${command.usage}\n`;
      return end({ err: `Incorrect number of arguments for command\n${usage}` });
    }
    end(command.run(node.gateway.host, rest));
  },
};

function bridgeNamed(host: Host, name: string): Bridge | undefined {
  return bridgesOf(host).find(({ device }) => device.name === name);
}

function addBridge(host: Host, name: string): Said {
  if (host.devices.named(name) !== undefined) {
    return { err: `device ${name} already exists; can't create bridge with the same name\n` };
  }
  return { err: runIp(host, ['link', 'add', name, 'type', 'bridge']).err };
}

function deleteBridge(host: Host, name: string): Said {
  const device = host.devices.named(name);
  if (device === undefined) return { err: `bridge ${name} doesn't exist; can't delete it\n` };
  if (bridgeNamed(host, name) === undefined) {
    return { err: `can't delete bridge ${name}: Operation not permitted\n` };
  }
  if (device.up) return { err: `bridge ${name} is still up; can't delete it\n` };
  return { err: runIp(host, ['link', 'delete', name]).err };
}

/** One interface after the other, up to the first that does not work. */
function forEach(
  host: Host,
  name: string,
  ports: readonly string[],
  change: (host: Host, bridge: Bridge, port: Device) => string,
): Said {
  for (const word of ports) {
    const port = host.devices.named(word);
    if (port === undefined) return { err: `interface ${word} does not exist!\n` };
    const bridge = bridgeNamed(host, name);
    if (bridge === undefined) return { err: `bridge ${name} does not exist!\n` };
    const err = change(host, bridge, port);
    if (err !== '') return { err };
  }
  return {};
}

function addInterface(host: Host, { device }: Bridge, port: Device): string {
  const { name } = port;
  if (bridgeNamed(host, name) !== undefined) {
    return `device ${name} is a bridge device itself; can't add a bridge device to a bridge device.\n`;
  }
  if (port.isLoopback) return `can't add ${name} to bridge ${device.name}: Invalid argument\n`;
  if (port.taker !== null) {
    return `device ${name} is already a member of a bridge; can't add it to bridge ${device.name}.\n`;
  }
  return runIp(host, ['link', 'set', name, 'master', device.name]).err;
}

function removeInterface(host: Host, { device }: Bridge, port: Device): string {
  if (port.taker?.master !== device) return `device ${port.name} is not a port of ${device.name}\n`;
  return runIp(host, ['link', 'set', port.name, 'nomaster']).err;
}

const NO_PORTS_ID = '000000000000';

function showBridges(host: Host, names: readonly string[]): Said {
  const wanted = names.length === 0 ? bridgesOf(host).map(({ device }) => device.name) : names;
  const missing = wanted.filter((name) => bridgeNamed(host, name) === undefined);
  const lines = wanted
    .filter((name) => !missing.includes(name))
    .map((name) => {
      const { device } = bridgeNamed(host, name)!;
      const ports = [...host.devices.all()].filter(({ taker }) => taker?.master === device);
      const address = ports.length === 0 ? NO_PORTS_ID : formatMac(device.mac, 0).replaceAll(':', '');
      const [first = '', ...others] = ports.map((port) => port.name).sort();
      return `${name}\t\t8000.${address}\tno\t\t${first}\n${others.map((one) => `\t\t\t\t\t\t\t${one}\n`).join('')}`;
    });
  return {
    err: missing.map((name) => `bridge ${name} does not exist!\n`).join(''),
    out: lines.length === 0 ? '' : `bridge name\tbridge id\t\tSTP enabled\tinterfaces\n${lines.join('')}`,
  };
}

function showMacs(host: Host, name: string): Said {
  const bridge = bridgeNamed(host, name);
  if (bridge === undefined) {
    const why = host.devices.named(name) === undefined ? 'No such device' : 'Operation not supported';
    return { err: `read of forward table failed: ${why}\n` };
  }
  return { out: `port no\tmac addr\t\tis local?\tageing timer\n${macLines(bridge.link)}` };
}

function macLines(link: BridgeLink): string {
  const ports = link.portNames;
  const lines = link.table().map(({ mac, port, kind, ageUs }) => {
    const number = String(ports.indexOf(port) + 1).padStart(3);
    const isLocal = kind === 'learned' ? 'no' : 'yes';
    return `${number}\t${mac}\t${isLocal}\t\t${(ageUs / 1e6).toFixed(2).padStart(7)}\n`;
  });
  return lines.join('');
}
