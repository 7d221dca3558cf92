/** `sluice net`, declared. The work is in net-run.ts ("up") and net-control.ts. */
import { defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';

const GUESTS = 'Guests';
const NETWORK = 'Network';
const POLICY = 'Policy';

const OPTIONS = {
  socket: {
    kind: 'text',
    value: 'PATH',
    section: 'Control',
    about:
      'The control socket: with "up" where it is opened, with other actions the network that is meant. Default: ' +
      '$SLUICE_SOCKET, else net.sock in the folder of sockets of this user.',
  },
  log: {
    kind: 'text',
    value: 'FILE',
    section: 'Control',
    about: 'What guests do is appended to this file, as JSON, one object a line.',
  },
  guest: {
    kind: 'list',
    value: 'NAME=ADDRESS',
    section: GUESTS,
    about:
      'A network card for a guest. ADDRESS is a path for a Unix socket, tcp:HOST:PORT, or ws:HOST:PORT for a WebSocket ' +
      '(v86); there the VMM is awaited. udp:HOST:PORT-HOST:PORT is for datagrams from the second place to the first, tap:DEVICE a TAP device, live:DEVICE an interface of this machine (npm package cap). With ' +
      '"connect:" before it, the VMM listens. May stand several times; without it there is one card, "guest".',
  },
  address: {
    kind: 'list',
    value: 'PREFIX',
    section: NETWORK,
    about:
      'The address of the gateway on the guests’ network, with its prefix; once for IPv4, once for IPv6. ' +
      'Default: 192.168.122.1/24 and fd53:6c75:6963:7a00::1/64.',
  },
  mtu: {
    kind: 'number',
    value: 'BYTES',
    min: 1280,
    max: 65520,
    section: NETWORK,
    about:
      'The largest datagram on the guests’ network, which guests learn by DHCP and router advertisement. Default: 65520: ' +
      'no wire is there that needs less, and large ones cost less.',
  },
  domain: {
    kind: 'text',
    value: 'NAME',
    section: NETWORK,
    about: 'The domain of the guests’ names. Default: guests.internal.',
  },
  forward: {
    kind: 'list',
    value: 'FORWARD',
    section: NETWORK,
    about:
      'A port of this machine that leads to a guest: [tcp/|udp/][ADDRESS:]PORT=GUEST:PORT[,keep-source]. ADDRESS is 127.0.0.1 ' +
      'unless given, GUEST an address or a name. The gateway’s rules hold for what comes by it (-i wan -o lan). With ' +
      'keep-source, guests see who connects.',
  },
  uplink: {
    kind: 'text',
    value: 'ADDRESS',
    section: NETWORK,
    about:
      'The way out by a cable, in place of this machine’s sockets: tap:DEVICE, whose other end is the kernel (needs root), or ' +
      'whatever a guest may be attached by.',
  },
  reserve: {
    kind: 'list',
    value: 'MAC=IP[,NAME]',
    section: NETWORK,
    about: 'The guest with this hardware address always gets this address, and is known by this name.',
  },
  rules: {
    kind: 'text',
    value: 'FILE',
    section: POLICY,
    about:
      'Rules of the gateway for IPv4, in the format of iptables-save. Guests are behind interface "lan", the world behind ' +
      '"wan". Without rules everything is let through.',
  },
  rules6: { kind: 'text', value: 'FILE', section: POLICY, about: 'The same for IPv6.' },
  template: {
    kind: 'text',
    value: 'NAME',
    section: POLICY,
    about:
      'Rules that come with a name. "sandbox": guests reach the names that --allow (or the file) says, and nothing else – ' +
      'no private networks, no metadata of clouds, not this machine, not each other.',
  },
  allow: {
    kind: 'list',
    value: 'NAME',
    section: POLICY,
    about:
      'A name that guests may ask for, or "*." and a name for all below it; all others are refused. May stand several times.',
  },
  json: {
    kind: 'flag',
    section: 'Output',
    about: 'One JSON object a line: what to connect to, guests that come and go; with "status" one object.',
  },
  follow: {
    kind: 'flag',
    short: 'f',
    section: 'Output',
    about: 'With "log": what comes, too.',
  },
} as const satisfies OptionSpecs;

export type NetOptions = OptionValues<typeof OPTIONS>;

export const net = defineCommand({
  name: 'net',
  summary:
    'Is the network of virtual machines: switch, gateway with your rules, DHCP, names, and the way out.',
  about: [
    '"sluice net up" starts a network for guests of QEMU (or whatever speaks its socket protocol), prints what to add to ' +
      'the VMM’s command line, and runs until it is stopped. It needs no root.',
    'Guests sit on a switch behind a gateway. They get addresses by DHCP, ask the gateway for names, and go out through ' +
      'sockets of this machine: TCP, UDP and ping. What the gateway’s rules forbid does not happen, whatever the guest ' +
      'does about it. This machine is known to guests as "machine" (100.64.0.2, its loopback interface); its other ' +
      'addresses, and what belongs to its links, cannot be reached.',
    'A FILE may also be a lab, with nodes of kind "vm" and "world": several networks with routers, switches and rules of their ' +
      'own between virtual machines (docs/guest-networks.md).',
  ],
  arguments: [
    {
      name: 'ACTION',
      required: true,
      variadic: false,
      about: '"up", or what to do with a network that runs: "status", "rules", "forward", "log", "capture".',
    },
    {
      name: 'WORD',
      required: false,
      variadic: true,
      about:
        'up: a FILE that describes the network. rules: a FILE of rules to put in force, else they are shown; forward: "add FORWARD…", ' +
        '"remove FORWARD…", else they are listed; capture: FILE and perhaps a guest.',
    },
  ],
  options: OPTIONS,
  examples: [
    { about: 'A network for one guest:', command: 'sluice net up' },
    {
      about: 'Two guests, and rules:',
      command: 'sluice net up --guest web=web.sock --guest db=db.sock --rules egress.rules',
    },
    { about: 'The network that a file describes:', command: 'sluice net up network.yaml' },
    { about: 'Several networks:', command: 'sluice net up examples/guests/three-networks.yaml' },
    {
      about: 'A guest that is not to be trusted:',
      command: "sluice net up --template sandbox --allow pypi.org --allow '*.debian.org'",
    },
    {
      about: 'A port of this machine led to a guest, while the network runs:',
      command: 'sluice net forward add 8080=web:80',
    },
    {
      about: 'A guest that is always found at the same place:',
      command: 'sluice net up --reserve 02:00:00:00:00:11=192.168.122.11,web',
    },
  ],
  run: async (args, options, io) => (await import('./net-run.ts')).runNetCommand(args, options, io),
});
