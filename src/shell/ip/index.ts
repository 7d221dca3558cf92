/**
 * The programs that show and change a host's network: `ip` of iproute2, and of net-tools `route`, `ifconfig`, `arp` and
 * `netstat -r|-i`. Each takes a host of ours and the words behind its name, and gives its output and exit status.
 */
import type { Host } from '../../stack/host.ts';
import { runArp } from './arp-tool.ts';
import { runIfconfig, tableOf } from './ifconfig.ts';
import { runIp, type ToolResult } from './ip.ts';
import { netstat4, runRoute } from './route-tool.ts';

export type { ToolResult } from './ip.ts';

export const HOST_TOOLS: Readonly<Record<string, (host: Host, args: readonly string[]) => ToolResult>> = {
  ip: runIp,
  route: runRoute,
  ifconfig: runIfconfig,
  arp: runArp,
  netstat: runNetstat,
};

export { runArp, runIfconfig, runIp, runRoute };

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
