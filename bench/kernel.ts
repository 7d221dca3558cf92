/**
 * The peer: the kernel of this machine as the same gateway, in network namespaces of our own, with tcpreplay sending the
 * same captures at top speed over veth pairs. Needs root, iptables (legacy), iproute2, ethtool and tcpreplay.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INSIDE, INSIDE_HOP, OUTSIDE, OUTSIDE_HOP } from './traffic.ts';

const PROGRAMS = ['iptables-legacy-restore', 'ip', 'ethtool', 'tcpreplay'];

/** Why the kernel can't be asked; null when it can. */
export function kernelMissing(): string | null {
  return programsMissing(PROGRAMS);
}

/** Why these programs can't be run as root; null when they can. */
export function programsMissing(programs: readonly string[]): string | null {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = programs.filter((program) => !succeeds('sh', ['-c', `command -v ${program}`]));
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')}`;
}

function succeeds(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Packets a second that the kernel takes of these captures with these rules. `limit` stops after so many packets of each.
 */
export function kernelRate(
  folder: string,
  rules: string,
  insidePath: string,
  outsidePath: string,
  limit?: number,
): number {
  const id = `slb${process.pid}`;
  const rulesFile = join(folder, 'kernel.rules');
  writeFileSync(rulesFile, rules);
  const script = `
set -e
trap 'ip netns del ${id}g 2>/dev/null; ip netns del ${id}p 2>/dev/null; true' EXIT
ip netns add ${id}g; ip netns add ${id}p
side() { # gateway's device, its MAC, peer's MAC, address
  ip -n ${id}p link add p$1 type veth peer name $1 netns ${id}g
  ip -n ${id}g link set $1 address $2; ip -n ${id}p link set p$1 address $3
  for k in tx rx gro tso gso; do ip netns exec ${id}g ethtool -K $1 $k off; ip netns exec ${id}p ethtool -K p$1 $k off; done >/dev/null 2>&1
  ip -n ${id}g addr add $4 dev $1; ip -n ${id}g link set $1 up; ip -n ${id}p link set p$1 up
}
side ${INSIDE.iface} ${INSIDE.mac} ${INSIDE.peer} ${INSIDE.address}
side ${OUTSIDE.iface} ${OUTSIDE.mac} ${OUTSIDE.peer} ${OUTSIDE.address}
ip -n ${id}g link set lo up
ip -n ${id}g neigh add ${OUTSIDE_HOP} lladdr ${OUTSIDE.peer} dev ${OUTSIDE.iface} nud permanent
ip -n ${id}g route add default via ${OUTSIDE_HOP}
# Everybody inside behind one next hop: permanent entries for 60,000 clients would not fit.
ip -n ${id}g neigh add ${INSIDE_HOP} lladdr ${INSIDE.peer} dev ${INSIDE.iface} nud permanent
ip -n ${id}g route add 10.254.0.0/17 via ${INSIDE_HOP} dev ${INSIDE.iface}
ip -n ${id}g route add 10.254.128.0/17 via ${INSIDE_HOP} dev ${INSIDE.iface}
ip netns exec ${id}g sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.${INSIDE.iface}.rp_filter=0 net.ipv4.conf.${OUTSIDE.iface}.rp_filter=0
ip netns exec ${id}g iptables-legacy-restore < ${rulesFile}
ip netns exec ${id}p tcpreplay --topspeed --preload-pcap ${limit === undefined ? '' : `--limit ${limit}`} -i p${INSIDE.iface} -I p${OUTSIDE.iface} --dualfile ${insidePath} ${outsidePath} 2>&1
ip netns exec ${id}g iptables-legacy-save -c -t filter | grep FORWARD >&2
`;
  const output = execFileSync('bash', ['-c', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  });
  const rate = /Rated:.*?,\s*([\d.]+)\s*pps/.exec(output)?.[1];
  if (rate === undefined) throw new Error(`tcpreplay said no rate:\n${output}`);
  return Number(rate);
}
