/**
 * A case for bridges: one configuration and a list of steps, put to the kernel (as commands of iproute2) and to Sluice's
 * learning switch. Both must send the same frames on the same ports, in the same order, and know the same addresses.
 */
import { VirtualClock } from '../../../src/base/clock.ts';
import type { PlainObject } from '../../../src/base/plain-object.ts';
import { SeededRng } from '../../../src/base/rng.ts';
import { LearningSwitch } from '../../../src/vswitch/learning/bridge.ts';
import { parseLearning } from '../../../src/vswitch/learning/config.ts';
import { bytesToHex, hexToBytes } from '../../../src/wire/bytes.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';

export type Step =
  /** A frame comes in by a port (or, named br0, from the switch's own interface). */
  | { readonly port: string; readonly frame: string }
  /** Seconds pass. */
  | { readonly wait: number }
  /** The cable of a port is pulled or plugged in. */
  | { readonly link: string; readonly up: boolean };

export interface BridgeCase {
  readonly name: string;
  /** As in a gateway file. */
  readonly switch: PlainObject;
  /** Commands of the kernel's side after the bridge is up, and one whose output is wanted at the end. */
  readonly setup?: readonly string[];
  readonly ask?: string;
  readonly steps: readonly Step[];
}

export interface BridgeAnswer {
  readonly name: string;
  /** For every step what left: port and frame, long ones shortened. */
  readonly out: readonly (readonly (readonly [port: string, frame: string])[])[];
  /** `mac vlan port` of what was learnt, sorted. */
  readonly fdb: readonly string[];
  /** What `ask` printed. */
  readonly told?: string;
}

export const SELF = 'br0';
const START_US = 1_700_000_000_000_000;
const HEAD_ROOM = 32;

export function askSluice({ name, switch: settings, steps }: BridgeCase): BridgeAnswer {
  const clock = new VirtualClock(START_US);
  let sent: [string, string][] = [];
  const config = parseLearning(settings, 'switch', SELF);
  const bridge = new LearningSwitch(config, {
    clock,
    rng: new SeededRng(1),
    sink: {
      frame: (port, bytes, start, end) => sent.push([port.name, shorten(bytesToHex(bytes, start, end))]),
    },
  });
  const pkt = new PacketBuffer();
  clock.advanceTo(clock.now);
  const out = steps.map((step) => {
    sent = [];
    if ('wait' in step) clock.advanceTo(clock.now + step.wait * 1e6);
    else if ('link' in step) bridge.setLink(bridge.portNamed(step.link)!.index, step.up);
    else {
      const frame = hexToBytes(step.frame);
      const memory = new Uint8Array(HEAD_ROOM + frame.length);
      memory.set(frame, HEAD_ROOM);
      pkt.reset(memory, HEAD_ROOM, memory.length);
      bridge.receive(bridge.portNamed(step.port)!.index, pkt);
    }
    return sent;
  });
  const fdb = bridge.table().filter(({ kind }) => kind === 'learned');
  return { name, out, fdb: fdb.map(({ mac, vlan, port }) => `${mac} ${vlan} ${port}`).sort() };
}

// ── The same for the kernel ─────────────────────────────────────────────────────────────────────────────────────

/** The far end of a port's cable. */
const far = (port: string) => (port === SELF ? SELF : `x${port}`);

export function kernelQuestion({ name, switch: settings, steps, setup: more = [], ask }: BridgeCase): string {
  const config = parseLearning(settings, 'switch', SELF);
  const onOff = (flag: boolean) => (flag ? 'on' : 'off');
  const filters = settings['vlan_filtering'] === true;
  const pvid = filters ? (settings['vlan_default_pvid'] ?? 1) : 1;
  const self = config.ports.find(({ isSelf }) => isSelf)!;
  const mac = (bytes: Uint8Array) => bytesToHex(bytes).replace(/..(?=.)/g, '$&:');
  const ports = config.ports.filter(({ isSelf }) => !isSelf);
  const setup = [
    // All in one command: `ip link set … type bridge` finds its way on some kernels only.
    [
      `ip link add ${SELF} address ${mac(self.mac!)} type bridge mcast_snooping ${Number(config.snooping !== null)}`,
      `ageing_time ${config.ageingSeconds * 100} group_fwd_mask ${config.groupFwdMask}`,
      `no_linklocal_learn ${Number(config.noLinkLocalLearn)}`,
      ...Object.entries(config.calls).flatMap(([tables, isOn]) => (isOn ? [`nf_call_${tables} 1`] : [])),
      ...(config.snooping === null
        ? []
        : [
            `mcast_querier ${Number(config.snooping.querier)} mcast_membership_interval ${config.snooping.membershipInterval / 10_000}`,
            `mcast_igmp_version ${config.snooping.igmpVersion} mcast_mld_version ${config.snooping.mldVersion}`,
            `mcast_last_member_interval ${config.snooping.lastMemberInterval / 10_000}`,
            `mcast_querier_interval ${config.snooping.querierInterval / 10_000}`,
            `mcast_query_response_interval ${config.snooping.queryResponseInterval / 10_000}`,
          ]),
      ...(config.stp === null
        ? []
        : [
            `stp_state 1 priority ${config.stp.priority} hello_time ${config.stp.helloTime / 10_000}`,
            `max_age ${config.stp.maxAge / 10_000} forward_delay ${config.stp.forwardDelay / 10_000}`,
          ]),
      ...(filters
        ? [
            `vlan_protocol ${String(settings['vlan_protocol'] ?? '802.1Q')} vlan_default_pvid ${String(pvid)} vlan_filtering 1`,
          ]
        : []),
    ].join(' '),
    `ip link set ${SELF} mtu 9000 up ${self.promisc ? 'promisc on' : ''}`,
  ];
  for (const port of ports) {
    setup.push(
      `ip link add ${port.name} mtu ${port.mtu} ${port.mac === null ? '' : `address ${mac(port.mac)}`} type veth peer name ${far(port.name)}`,
      `ip link set ${far(port.name)} mtu 65535 arp off up`,
      `ip link set ${port.name} master ${SELF}`,
      `bridge link set dev ${port.name} learning ${onOff(port.learning)} flood ${onOff(port.flood)} mcast_flood ${onOff(port.mcastFlood)} bcast_flood ${onOff(port.bcastFlood)} isolated ${onOff(port.isolated)} locked ${onOff(port.locked)} hairpin ${onOff(port.hairpin)} fastleave ${onOff(port.fastLeave)} mcast_router ${port.mcastRouter}`,
      ...(port.groupFwdMask === 0
        ? []
        : [`ip link set ${port.name} type bridge_slave group_fwd_mask ${port.groupFwdMask}`]),
    );
  }
  for (const port of filters ? config.ports : []) {
    const member = port.vlans!;
    const device = port.isSelf ? `${SELF} self` : port.name;
    if (pvid !== 0 && !member.has(Number(pvid)))
      setup.push(`bridge vlan del vid ${String(pvid)} dev ${device}`);
    for (const vid of member.list()) {
      setup.push(
        `bridge vlan add vid ${vid} ${member.pvid === vid ? 'pvid' : ''} ${member.isUntagged(vid) ? 'untagged' : ''} dev ${device}`,
      );
    }
  }
  if (config.stp !== null) {
    for (const { name: port, cost, priority } of ports) {
      setup.push(`bridge link set dev ${port} cost ${cost} priority ${priority}`);
    }
  }
  for (const { name: port } of ports) setup.push(`ip link set ${port} up`);
  // Links come up in the kernel's own time. Without a spanning tree a port forwards as soon as its link is up; other states can be set only then.
  setup.push(
    ...ports.map(({ name: port }) =>
      until(`bridge link show dev ${port}`, `state ${config.stp === null ? 'forwarding' : 'listening'}`),
    ),
    // Under a spanning tree br0 has a link when a port forwards.
    ...(config.stp === null ? [until(`ip link show ${SELF}`, 'state UP')] : []),
  );
  for (const { name: port, state } of ports)
    if (state !== 3) setup.push(`bridge link set dev ${port} state ${state}`);
  for (const { mac: address, vlan, port, kind } of config.fdb) {
    const words = (kind & 4) !== 0 ? 'permanent' : `static ${(kind & 2) !== 0 ? 'sticky' : ''}`;
    setup.push(
      `bridge fdb add ${mac(address)} dev ${port} master ${words} ${vlan === 0 ? '' : `vlan ${vlan}`}`,
    );
  }
  return JSON.stringify({
    name,
    setup: [...setup, ...more],
    ask,
    ifaces: config.ports.map((port) => far(port.name)),
    steps: steps.map((step) => {
      if ('wait' in step) return ['w', step.wait];
      if ('link' in step) return ['r', `ip link set ${far(step.link)} ${step.up ? 'up' : 'down'}`];
      return ['f', far(step.port), step.frame];
    }),
  });
}

function until(command: string, words: string): string {
  return `for i in $(seq 200); do ${command} | grep -q '${words}' && exit 0; sleep 0.01; done; exit 1`;
}

const SHOWN_BYTES = 52;

/** Addresses and tags, and how long the rest is: the payloads of the cases are the same byte throughout. */
export function shorten(frame: string): string {
  return frame.length <= 2 * SHOWN_BYTES
    ? frame
    : `${frame.slice(0, 2 * SHOWN_BYTES)}+${frame.length / 2 - SHOWN_BYTES}`;
}

/** What goes up to br0 is there at once, what goes over a cable a moment later: their order says nothing. */
function selfLast<T extends readonly [string, string]>(frames: readonly T[]): T[] {
  return [...frames.filter(([port]) => port !== SELF), ...frames.filter(([port]) => port === SELF)];
}

interface RawAnswer {
  readonly name: string;
  readonly error?: string;
  readonly told?: string;
  readonly out: readonly (readonly [string, string][])[];
  readonly fdb: readonly { mac: string; ifname: string; vlan?: number; state?: string; flags?: string[] }[];
}

export function kernelAnswer(line: string): BridgeAnswer {
  const raw = JSON.parse(line) as RawAnswer;
  if (raw.error !== undefined) throw new Error(`${raw.name}: ${raw.error}`);
  return {
    name: raw.name,
    ...(raw.told === undefined ? {} : { told: raw.told }),
    out: raw.out.map((frames) =>
      selfLast(frames.map(([iface, frame]) => [iface.replace(/^x/, ''), shorten(frame)] as const)),
    ),
    fdb: raw.fdb
      .filter(({ state }) => state === undefined || state === '')
      .map(({ mac, vlan, ifname }) => `${mac} ${vlan ?? 0} ${ifname}`)
      .sort(),
  };
}
