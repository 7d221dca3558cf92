/**
 * A case for bonds: members, a mode, and steps, put to the kernel (as commands of iproute2, in the format of
 * test/vswitch/kernel/bridge-oracle.py) and to a bond of ours. Both must send and take the same frames at the same devices.
 */
import { VirtualClock } from '../../../src/base/clock.ts';
import { SeededRng } from '../../../src/base/rng.ts';
import { Host } from '../../../src/stack/host.ts';
import { bytesToHex, hexToBytes } from '../../../src/wire/bytes.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';

export type BondStep =
  /** The host sends a frame by the bond, or by the VLAN device on it. */
  | { readonly by: 'bond0' | 'bond0.5'; readonly frame: string }
  /** A frame arrives at a member. */
  | { readonly at: string; readonly frame: string }
  /** The cable of a member is pulled or plugged in. */
  | { readonly link: string; readonly up: boolean };

export interface BondCase {
  readonly name: string;
  /** The words of ip-link(8) behind `type bond`. */
  readonly words: string;
  readonly primary?: string;
  readonly members: readonly string[];
  readonly addresses: readonly string[];
  readonly steps: readonly BondStep[];
}

export interface BondAnswer {
  readonly name: string;
  /** For every step what left by which member, and what reached the host by the bond. */
  readonly out: readonly (readonly (readonly [device: string, frame: string])[])[];
}

const START_US = 1_700_000_000_000_000;
const HEAD_ROOM = 64;
const VLAN = 5;
/** The kernel looks at the links of a bond's members at intervals, and has announced itself by then. */
const MONITOR_MS = 10;
const NOTICED_SECONDS = 0.3;

const isV6 = (address: string) => address.includes(':');
/** MLD reports (to ff02::16), and what our bond says of a link-local address (fe80::, the kernel's has none). */
const isReport = (frame: string) => frame.startsWith('333300000016') || frame.slice(44, 48) === 'fe80';

export function memberMac(member: string): string {
  return `02:00:00:00:01:${member.slice(1).padStart(2, '0')}`;
}

export function askOurBond({ name, words, primary, members, addresses, steps }: BondCase): BondAnswer {
  const clock = new VirtualClock(START_US);
  let seen: [string, string][] = [];
  const host = Host.fromObject(
    {
      interfaces: {
        bond0: { type: `bond ${words}${primary === undefined ? '' : ` primary ${primary}`}`, addresses },
        ...Object.fromEntries(members.map((one) => [one, { mac: memberMac(one), master: 'bond0' }])),
        [`bond0.${VLAN}`]: { type: `vlan id ${VLAN}`, link: 'bond0' },
      },
      sysctl: {
        'net.ipv6.conf.all.disable_ipv6': addresses.some(isV6) ? 0 : 1,
        'net.ipv6.conf.all.forwarding': 0,
        'net.ipv6.conf.default.accept_dad': 0,
        'net.ipv6.conf.default.router_solicitations': 0,
      },
    },
    {
      clock,
      rng: new SeededRng(1),
      sink: {
        frame: (device, bytes, start, end) => seen.push([device.name, bytesToHex(bytes, start, end)]),
      },
    },
  );
  const device = (wanted: string) => host.devices.named(wanted)!;
  device('bond0').watch((bytes, start, end, isOut) => {
    if (!isOut) seen.push(['bond0', bytesToHex(bytes, start, end)]);
  });
  clock.advanceTo(clock.now + NOTICED_SECONDS * 1e6);
  const out = steps.map((step) => {
    seen = [];
    if ('link' in step) {
      host.netlink.links.setUp(device(step.link), step.up);
      clock.advanceTo(clock.now + NOTICED_SECONDS * 1e6);
    } else {
      const frame = hexToBytes(step.frame);
      const memory = new Uint8Array(HEAD_ROOM + frame.length);
      memory.set(frame, HEAD_ROOM);
      if ('by' in step) device(step.by).transmit(memory, HEAD_ROOM, memory.length, 0);
      else {
        const pkt = new PacketBuffer(memory, HEAD_ROOM);
        host.receive(device(step.at), pkt);
      }
    }
    return seen.filter(([, frame]) => !isReport(frame));
  });
  return { name, out };
}

// ── The same for the kernel ─────────────────────────────────────────────────────────────────────────────────────

export function bondQuestion({ name, words, primary, members, addresses, steps }: BondCase): string {
  const setup = [
    `ip link add bond0 type bond ${words} miimon ${MONITOR_MS}`,
    ...members.flatMap((one) => [
      `ip link add ${one} address ${memberMac(one)} type veth peer name x${one}`,
      `ip link set x${one} arp off up`,
      `ip link set ${one} master bond0`,
    ]),
    ...(primary === undefined ? [] : [`ip link set bond0 type bond primary ${primary}`]),
    'ip link set bond0 up',
    `ip link add link bond0 name bond0.${VLAN} type vlan id ${VLAN}`,
    `ip link set bond0.${VLAN} up`,
    ...members.map(
      (one) =>
        `for i in $(seq 200); do grep -A1 'Slave Interface: ${one}$' /proc/net/bonding/bond0 | grep -q 'MII Status: up' && exit 0; sleep 0.01; done; exit 1`,
    ),
    // No link-local addresses, and nothing of the kernel's own at its own times but reports of groups.
    ...(addresses.some(isV6)
      ? [
          'ip link set bond0 addrgenmode none',
          'echo 0 > /proc/sys/net/ipv6/conf/bond0/accept_dad',
          'echo 0 > /proc/sys/net/ipv6/conf/bond0/disable_ipv6',
        ]
      : []),
    ...addresses.map((address) => `ip addr add ${address} dev bond0`),
    `sleep ${NOTICED_SECONDS}`,
  ];
  return JSON.stringify({
    name,
    setup,
    ifaces: ['bond0', ...members.map((one) => `x${one}`)],
    senders: ['bond0', `bond0.${VLAN}`, ...members.map((one) => `x${one}`)],
    steps: steps.flatMap((step) => {
      if ('by' in step) return [['f', step.by, step.frame]];
      if ('at' in step) return [['f', `x${step.at}`, step.frame]];
      return [['r', `ip link set x${step.link} ${step.up ? 'up' : 'down'}; sleep ${NOTICED_SECONDS}`]];
    }),
  });
}

export function bondAnswer(line: string): BondAnswer {
  const { name, error, out } = JSON.parse(line) as BondAnswer & { error?: string };
  if (error !== undefined) throw new Error(`${name}: ${error}`);
  return {
    name,
    out: out.map((frames) =>
      frames
        .filter(([, frame]) => !isReport(frame))
        .map(([device, frame]) => [device.replace(/^x/, ''), frame] as const),
    ),
  };
}
