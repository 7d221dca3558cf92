/** ping and traceroute beside iputils' and traceroute's, through a router: what they print, times aside, and how they end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { programNamed } from '../../src/programs/index.ts';
import type { Gateway } from '../../src/stack/gateway.ts';
import { Net } from '../stack/devices/net.ts';
import { hasProgram, requireOrSkip } from '../support/require.ts';

const COMMANDS = [
  'ping -c 2 -i 0.2 10.0.0.254',
  'ping -c 2 -i 0.2 -s 1000 10.1.0.2',
  'ping -c 2 -i 0.2 fd01::2',
  'ping -q -c 3 -i 0.2 10.1.0.2',
  'ping -c 1 -s 5 10.1.0.2',
  'ping -c 1 -p ab12 10.1.0.2',
  'ping -c 1 10.9.0.1',
  'ping -c 1 -t 1 10.1.0.2',
  'ping -6 -c 1 -t 1 fd01::2',
  'ping -c 1 10.5.0.1',
  'ping -c 2 -i 0.2 -M do -s 1400 10.1.0.2',
  'ping -c 1 -M do -s 2000 10.0.0.254',
  'ping -c 1 -s 3000 10.1.0.2',
  'ping -c 1 -I 10.0.0.1 10.1.0.2',
  'ping -c 1 -I eth0 10.1.0.2',
  'ping -c 1 -O -W 1 10.1.0.2',
  'ping -c 1 -W 1 10.77.0.1',
  'ping -c 0 10.0.0.254',
  'ping -c x 10.0.0.254',
  'ping -I nix 10.0.0.254',
  'ping -c 1 10.0.0.255',
  'ping',
  'traceroute 10.1.0.2',
  'traceroute -n fd01::2',
  'traceroute -n -I 10.1.0.2',
  'traceroute -n -T 10.1.0.2',
  'traceroute -n -q 1 10.1.0.2 1000',
  'traceroute -n -f 2 10.1.0.2',
  'traceroute -n -q 1 10.5.0.1',
  'traceroute -n -F 10.1.0.2 1450',
  'traceroute -n -m 2 -w 1 10.77.0.1',
  'traceroute 10.9.0.1',
];
const FORWARDS = {
  'net.ipv4.ip_forward': 1,
  'net.ipv6.conf.all.forwarding': 1,
  'net.ipv4.icmp_ratelimit': 0,
  'net.ipv6.icmp.ratelimit': 0,
};
const KEEPS = { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0, 'net.ipv4.icmp_ratelimit': 0 };

interface Answer {
  readonly command: string;
  readonly text: string;
  readonly status: number;
}

/** A round trip is what it is; how long it all took, too. */
function withoutTimes(text: string): string {
  return (
    text
      .replace(/time=[\d.]+ ms/g, 'time=T')
      .replace(/time \d+ms/g, 'time T')
      .replace(/[\d./]+ ms(, pipe \d+)?/g, 'T')
      // traceroute gives up early where answers come at uneven times, as on a busy machine.
      .replace(/(?<=T)( \*)+$/gm, (missing) => '  T'.repeat(missing.length / 2))
  );
}

function askOurs(): Answer[] {
  const net = new Net();
  const near = net.node(
    { eth0: { addresses: ['10.0.0.1/24', 'fd00::1/64'] } },
    { routes: ['default via 10.0.0.254', 'default via fd00::fe', 'unreachable 10.9.0.0/16'], sysctl: KEEPS },
  );
  const router = net.node(
    {
      eth0: { addresses: ['10.0.0.254/24', 'fd00::fe/64'] },
      eth1: { addresses: ['10.1.0.254/24', 'fd01::fe/64'], mtu: 1400 },
    },
    { routes: ['prohibit 10.5.0.0/16', 'blackhole 10.77.0.0/16'], sysctl: FORWARDS },
  );
  const far = net.node(
    { eth0: { addresses: ['10.1.0.2/24', 'fd01::2/64'], mtu: 1400 } },
    { routes: ['default via 10.1.0.254', 'default via fd01::fe'], sysctl: KEEPS },
  );
  net.cable(near, 'eth0', router, 'eth0');
  net.cable(router, 'eth1', far, 'eth0');
  return COMMANDS.map((command) => {
    const [name = '', ...args] = command.split(' ');
    let text = '';
    let ended = -1;
    const out = { write: (more: string) => void (text += more), flush() {} };
    programNamed(name)!.start({
      name,
      args,
      node: { kind: 'host', name: 'near', gateway: { host: near.host } as Gateway },
      clock: net.clock,
      io: { out, err: out, env: {} },
      exit: (status) => void (ended = status),
    });
    net.pass(60);
    return { command, text: withoutTimes(text), status: ended };
  });
}

function askLinux(): Answer[] {
  const [a, r, b] = ['a', 'r', 'b'].map((name) => `sluice-way-${process.pid}-${name}`) as [
    string,
    string,
    string,
  ];
  const sysctls = (name: string, settings: Record<string, number>) =>
    Object.entries(settings).map(([key, value]) => `ip netns exec ${name} sysctl -qw ${key}=${value}`);
  const link = (one: string, dev: string, other: string, name: string, mtu: number) => [
    `ip link add ${dev} netns ${one} mtu ${mtu} type veth peer name ${name} netns ${other} mtu ${mtu}`,
    `ip -n ${one} link set ${dev} up; ip -n ${other} link set ${name} up`,
  ];
  const script = [
    ...[a, r, b].flatMap((name) => [
      `ip netns add ${name}`,
      `ip -n ${name} link set lo up`,
      `ip netns exec ${name} sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0`,
    ]),
    ...sysctls(a, KEEPS),
    ...sysctls(r, FORWARDS),
    ...sysctls(b, KEEPS),
    ...link(a, 'eth0', r, 'eth0', 1500),
    ...link(r, 'eth1', b, 'eth0', 1400),
    `ip -n ${a} addr add 10.0.0.1/24 dev eth0; ip -n ${a} addr add fd00::1/64 dev eth0 nodad`,
    `ip -n ${r} addr add 10.0.0.254/24 dev eth0; ip -n ${r} addr add fd00::fe/64 dev eth0 nodad`,
    `ip -n ${r} addr add 10.1.0.254/24 dev eth1; ip -n ${r} addr add fd01::fe/64 dev eth1 nodad`,
    `ip -n ${b} addr add 10.1.0.2/24 dev eth0; ip -n ${b} addr add fd01::2/64 dev eth0 nodad`,
    `ip -n ${a} route add default via 10.0.0.254; ip -n ${a} -6 route add default via fd00::fe`,
    `ip -n ${b} route add default via 10.1.0.254; ip -n ${b} -6 route add default via fd01::fe`,
    `ip -n ${a} route add unreachable 10.9.0.0/16; ip -n ${r} route add prohibit 10.5.0.0/16`,
    `ip -n ${r} route add blackhole 10.77.0.0/16`,
    'sleep 2',
    // Errors for want of a way are rationed, a second each.
    ...COMMANDS.map(
      (command) =>
        `${command.endsWith('10.5.0.1') ? 'sleep 1.5;' : ''} ip netns exec ${a} ${command} 2>&1; printf '\\001%d\\002' $?`,
    ),
    ...[a, r, b].map((name) => `ip netns del ${name}`),
  ].join('\n');
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const parts = stdout.split('\u0002');
  return COMMANDS.map((command, i) => {
    const [text = '', status = '-1'] = (parts[i] ?? '').split('\u0001');
    return { command, text: withoutTimes(text), status: Number(status) };
  });
}

describe('ping and traceroute print what iputils and traceroute do', function () {
  this.timeout(120_000);
  it('through a router with a narrow link, refusals and silence', function () {
    const isThere = process.getuid?.() === 0 && ['ping', 'traceroute', 'ip'].every(hasProgram);
    requireOrSkip(this, 'needs root, ping and traceroute', isThere);
    const linux = askLinux();
    askOurs().forEach((ours, i) => assert.deepEqual(ours, linux[i]));
  });
});
