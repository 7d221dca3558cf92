/**
 * The network of the scenarios, and how their frames are made: eth0 is 10.254.0.1/24 and fd54::1/64 with a neighbour .2;
 * eth1 is 10.253.0.1/24 and fd53::1/64 with a neighbour .2, where the default routes go.
 */
import { address, checksum, ethernet, icmp, ipv4Packet, mac, packet, u16, u32, type Ends } from '../make.ts';

export type Step = { readonly iface: string; readonly frame: Uint8Array } | { readonly wait: number };

export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Changes to the gateway. */
  readonly gateway?: Readonly<Record<string, unknown>>;
  /** With connection tracking, and so with defragmentation. */
  readonly tracked?: boolean;
}

export const GATEWAY = {
  interfaces: {
    eth0: { mac: '02:00:00:00:00:01', addresses: ['10.254.0.1/24', 'fd54::1/64'], mtu: 1500 },
    eth1: { mac: '02:00:00:00:00:02', addresses: ['10.253.0.1/24', 'fd53::1/64'], mtu: 1500 },
  },
  neighbours: [
    { dev: 'eth0', ip: '10.254.0.2', mac: '02:00:00:00:01:01' },
    { dev: 'eth1', ip: '10.253.0.2', mac: '02:00:00:00:02:01' },
    { dev: 'eth0', ip: 'fd54::2', mac: '02:00:00:00:01:01' },
    { dev: 'eth1', ip: 'fd53::2', mac: '02:00:00:00:02:01' },
  ],
  routes: [
    { to: 'default', via: '10.253.0.2', dev: 'eth1' },
    { to: 'default', via: 'fd53::2', dev: 'eth1' },
    { to: '198.51.100.0/24', type: 'blackhole' },
    { to: '198.51.101.0/24', type: 'unreachable' },
    { to: '198.51.102.0/24', type: 'prohibit' },
    { to: '192.0.2.128/25', via: '10.254.0.3', dev: 'eth0' },
    { to: '203.0.113.0/24', via: '10.253.0.2', dev: 'eth1', mtu: 1000 },
    { to: '2001:db8:b::/48', type: 'blackhole' },
    { to: '2001:db8:c::/48', type: 'unreachable' },
    { to: '2001:db8:d::/48', type: 'prohibit' },
  ],
};

export const G0 = '02:00:00:00:00:01';
export const G1 = '02:00:00:00:00:02';
export const H0 = '02:00:00:00:01:01';
export const H1 = '02:00:00:00:02:01';
export const ALL = 'ff:ff:ff:ff:ff:ff';

export const OUT4: Ends = { from: '10.254.0.2', to: '192.0.2.7' };
export const OUT6: Ends = { from: 'fd54::2', to: '2001:db8::7' };
export const SELF4: Ends = { from: '10.254.0.2', to: '10.254.0.1' };
export const SELF6: Ends = { from: 'fd54::2', to: 'fd54::1' };
export const data = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);

export function from0(bytes: readonly number[] | Uint8Array, to = G0): Step {
  return { iface: 'eth0', frame: ethernet(to, H0, [...bytes]) };
}

export function raw(iface: string, bytes: readonly number[]): Step {
  return { iface, frame: Uint8Array.from(bytes) };
}

/** A frame whose type is given, whatever it carries. */
export function typed(to: string, type: number, payload: readonly number[]): Step {
  return raw('eth0', [...mac(to), ...mac(H0), ...u16(type), ...payload]);
}

/** The same packet with some bytes of its IPv4 header replaced and the header checksum made right. */
export function edited(bytes: readonly number[], changes: Readonly<Record<number, number>>): number[] {
  const copy = [...bytes];
  for (const [at, value] of Object.entries(changes)) copy[Number(at)] = value;
  const header = (copy[0]! & 15) * 4;
  copy.splice(10, 2, 0, 0);
  copy.splice(10, 2, ...u16(checksum(copy.slice(0, header))));
  return copy;
}

export function arpFrame(operation: number, from: [string, string], to: [string, string], ethTo = ALL): Step {
  const body = [
    ...u16(1),
    ...u16(0x800),
    6,
    4,
    ...u16(operation),
    ...mac(from[0]),
    ...address(from[1]),
    ...mac(to[0]),
    ...address(to[1]),
  ];
  return raw('eth0', [...mac(ethTo), ...mac(from[0]), ...u16(0x806), ...body]);
}

export function nd(
  ends: Ends,
  ethTo: string,
  type: number,
  flags: number,
  target: string,
  options: readonly number[],
  hops = 255,
  ethFrom = H0,
): Step {
  const message = icmp(ends, type, 0, [...u32(flags), ...address(target), ...options], { ttl: hops });
  return raw('eth0', [...mac(ethTo), ...mac(ethFrom), ...u16(0x86dd), ...message]);
}

export const SYN = { sport: 1234, dport: 80, seq: 1000, flags: 'S' };
export const NOBODY = '00:00:00:00:00:00';

/** IPv4 fragment by hand: a piece of a UDP datagram at an offset in bytes. */
export function piece(
  offset: number,
  more: boolean,
  payload: readonly number[] | Uint8Array,
  id = 77,
  ends = OUT4,
  flags = 0,
): number[] {
  const whole = ipv4Packet(ends, 17, [...payload], { id });
  return edited(whole, { 6: ((offset >> 3) >> 8) | (more ? 0x20 : 0) | flags, 7: (offset >> 3) & 255 });
}

export function piece6(
  offset: number,
  more: boolean,
  payload: readonly number[] | Uint8Array,
  id = 77,
  ends = OUT6,
  next = 17,
): number[] {
  return packet(ends, 44, [next, 0, ...u16(offset | (more ? 1 : 0)), ...u32(id), ...payload]);
}

export const UDP40 = [...u16(1000), ...u16(2000), ...u16(40), 0, 0, ...data(32)];
export const one = (name: string, step: Step, extra: Partial<Scenario> = {}): Scenario => ({
  name,
  steps: [step],
  ...extra,
});
