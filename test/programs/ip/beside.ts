/**
 * Commands put to Linux and to a host of ours, line by line: what each printed and how it ended. Linux answers in a network
 * namespace with veth interfaces of the same names and addresses.
 */
import { spawnSync } from 'node:child_process';
import { VirtualClock } from '../../../src/base/clock.ts';
import { SeededRng } from '../../../src/base/rng.ts';
import { HOST_TOOLS } from '../../../src/programs/ip/index.ts';
import { Host } from '../../../src/stack/host.ts';

export interface Answer {
  readonly command: string;
  readonly text: string;
  readonly status: number;
}

const INTERFACES = { a0: '02:00:00:00:00:01', b0: '02:00:00:00:00:02' };

const SYSCTLS = {
  'net.ipv4.ip_forward': 0,
  'net.ipv6.conf.all.forwarding': 0,
  'net.ipv6.conf.all.accept_dad': 0,
  'net.ipv6.conf.default.accept_dad': 0,
};

/** A host with a0 and b0, without addresses. */
export function plainHost(): Host {
  const interfaces = Object.fromEntries(Object.entries(INTERFACES).map(([name, mac]) => [name, { mac }]));
  return Host.fromObject(
    { interfaces, sysctl: SYSCTLS },
    { clock: new VirtualClock(1_700_000_000_000_000), rng: new SeededRng(1), sink: { frame() {} } },
  );
}

export function askOurs(commands: readonly string[], host = plainHost()): Answer[] {
  return commands.map((command) => {
    const [name = '', ...args] = command.split(' ');
    const setting = /^sysctl -qw ([\w.]+)=(\d+)$/.exec(command);
    if (setting !== null) {
      host.sysctls.set(setting[1]!, Number(setting[2]));
      return { command, text: '', status: 0 };
    }
    const { out, err, status } = HOST_TOOLS[name]!(host, args);
    return { command, text: out + err, status };
  });
}

/** The same on Linux. Interfaces are ours in name only: the other ends of the veth pairs are not told of. */
export function askLinux(commands: readonly string[]): Answer[] {
  const far = `sluice-ip-${process.pid}`;
  const near = `${far}-n`;
  const setup = Object.entries(INTERFACES).flatMap(([name, mac]) => [
    `ip link add ${name} netns ${near} type veth peer name p${name} netns ${far}`,
    `ip -n ${far} link set p${name} up`,
    `ip -n ${near} link set ${name} address ${mac}`,
    `ip netns exec ${near} sysctl -qw net.ipv6.conf.${name}.accept_dad=0 net.ipv6.conf.${name}.router_solicitations=0`,
    `ip -n ${near} link set ${name} up`,
  ]);
  const script = [
    `ip netns add ${near}; ip netns add ${far}`,
    `ip netns exec ${near} sysctl -qw net.ipv6.conf.default.accept_dad=0`,
    `ip -n ${near} link set lo up`,
    ...setup,
    // A veth has no carrier for a moment.
    ...Object.keys(INTERFACES).map(
      (name) =>
        `for i in $(seq 100); do ip -n ${near} link show ${name} | grep -q 'state UP' && break; sleep 0.1; done`,
    ),
    ...commands.map((command) => `ip netns exec ${near} ${command} 2>&1; printf '\\001%d\\002' $?`),
    `ip netns del ${near}; ip netns del ${far}`,
  ].join('\n');
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const parts = stdout.split('\u0002');
  return commands.map((command, i) => {
    const [text = '', status = '-1'] = (parts[i] ?? '').split('\u0001');
    return { command, text: withoutVeth(text), status: Number(status) };
  });
}

/** What only a veth pair has. */
function withoutVeth(text: string): string {
  return text
    .replace(/@if\d+/g, '')
    .replace(/^Error: Peer netns reference is invalid\.\n/gm, '')
    .replace(/ link-netns\S* \S+/g, '')
    .replace(/^(\d+): (\S+)( +)/gm, '$1: $2$3');
}
