/**
 * The programs that show and change a host's network: `ip` of iproute2, and of net-tools `route`, `ifconfig`, `arp` and
 * `netstat -r|-i`. Each takes a host of ours and the words behind its name, and gives its output and exit status.
 */
import type { Host } from '../../stack/host.ts';
import type { Program } from '../program.ts';
import { runArp } from './arp-tool.ts';
import { runIfconfig, tableOf } from './ifconfig.ts';
import { runIp, type ToolResult } from './ip.ts';
import { netstat4, runRoute } from './route-tool.ts';

export type { ToolResult } from './ip.ts';

type Tool = (host: Host, args: readonly string[]) => ToolResult;

export const HOST_TOOLS: Readonly<Record<string, Tool>> = {
  ip: runIp,
  route: runRoute,
  ifconfig: runIfconfig,
  arp: runArp,
  netstat: runNetstat,
};

const ABOUT: Readonly<Record<keyof typeof HOST_TOOLS, readonly [usage: string, about: string]>> = {
  ip: [
    'ip [-4|-6] [-s] [-d] [-o] [-br] link|address|route|rule|neigh|maddr …',
    'Shows and changes the network of a host.',
  ],
  route: ['route [-n] [-6] [add|del [-net|-host] TARGET …]', 'Shows and changes the main routing table.'],
  ifconfig: ['ifconfig [-a] [-s] [INTERFACE [ADDRESS …]]', 'Shows and changes interfaces.'],
  arp: ['arp [-n] [-a] [-s ADDRESS MAC] [-d ADDRESS]', 'Shows and changes the IPv4 neighbours.'],
  netstat: ['netstat -rn|-i', 'Prints the main routing table, or the counters of interfaces.'],
};

export const HOST_PROGRAMS: readonly Program[] = Object.entries(HOST_TOOLS).map(([name, run]) => ({
  name,
  usage: ABOUT[name]![0],
  about: ABOUT[name]![1],
  on: 'host',
  passesTime: false,
  values: [],
  start({ node, args, io, exit }) {
    if (node.kind !== 'host') return exit(1);
    const { out, err, status } = run(node.gateway.host, args);
    io.out.write(out);
    io.err.write(err);
    exit(status);
  },
}));

export { runIp };

function runNetstat(host: Host, args: readonly string[]): ToolResult {
  const flags = args.join('');
  if (flags.includes('r')) return { out: netstat4(host), err: '', status: 0 };
  if (flags.includes('i')) {
    const devices = host.devices
      .all()
      .filter(({ up }) => up)
      .sort((a, b) => Number(a.isLoopback) - Number(b.isLoopback) || (a.name < b.name ? -1 : 1));
    return { out: `Kernel Interface table\n${tableOf(devices, true)}`, err: '', status: 0 };
  }
  return { out: '', err: 'netstat: there is -r and -i\n', status: 4 };
}
