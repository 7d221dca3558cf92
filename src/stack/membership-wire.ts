/**
 * What a host says of its multicast groups: IGMP in IPv4 (RFC 2236, RFC 3376), MLD in IPv6 (RFC 2710, RFC 3810), each in the
 * version that the link's querier speaks. Packets carry a router alert and never leave their link.
 */
import { readU16, writeU16, writeU32 } from '../wire/bytes.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../wire/ether-type.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import * as igmp from '../wire/igmp.ts';
import { IPPROTO_HOPOPTS, IPPROTO_ICMPV6, IPPROTO_IGMP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { Scope } from './addresses.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { sendLocal4, writeHeader4 } from './ip4-send.ts';
import { sendLocal6, writeHeader6 } from './ip6-send.ts';

/** One line of a report of version 3 (MLD: 2): kind is one of igmp.Record. */
export interface GroupRecord {
  readonly kind: number;
  readonly group: Int32Array;
}

const ALL_ROUTERS_4 = 0xe0000002 | 0;
const REPORT_RECEIVERS_4 = 0xe0000016 | 0;
/** 224.0.0.22, ff02::16: who listens to reports of the newest version. */
const REPORT_RECEIVERS_6 = 0x16;
const LINK_SCOPE_6 = 0xff020000 | 0;
const INTERNETWORK_CONTROL = 0xc0;
const ROUTER_ALERT_4 = [0x94, 0x04, 0, 0];
/** A hop-by-hop header: router alert (MLD), and padding. */
const HOP_BY_HOP = [IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0];
const RECORD_LENGTH = { 4: 8, 6: 20 } as const;

/** A report of the newest version, with records. */
export function sendRecords4(host: Host, device: Device, records: readonly GroupRecord[]): void {
  const message = new Uint8Array(igmp.HEADER_LENGTH + records.length * RECORD_LENGTH[4]);
  message[0] = igmp.V3_REPORT;
  writeU16(message, 6, records.length);
  records.forEach(({ kind, group }, i) => {
    const at = igmp.HEADER_LENGTH + i * RECORD_LENGTH[4];
    message[at] = kind;
    writeU32(message, at + 4, group[0]!);
  });
  send4(host, device, REPORT_RECEIVERS_4, message);
}

/** A report or a leave of version 1 or 2, about one group. */
export function sendOld4(host: Host, device: Device, type: number, group: number): void {
  const message = new Uint8Array(igmp.HEADER_LENGTH);
  message[0] = type;
  writeU32(message, 4, group);
  send4(host, device, type === igmp.LEAVE ? ALL_ROUTERS_4 : group, message);
}

function send4(host: Host, device: Device, to: number, message: Uint8Array): void {
  const headerLength = ipv4.HEADER_LENGTH + ROUTER_ALERT_4.length;
  const pkt = host.pool.take(headerLength + message.length);
  toLink(pkt, device);
  pkt.src0 = host.addresses.select4(device, 0, Scope.LINK);
  pkt.dst0 = pkt.via0 = to;
  const { bytes, l3, l3End } = pkt;
  bytes.set(ROUTER_ALERT_4, l3 + ipv4.HEADER_LENGTH);
  bytes.set(message, l3 + headerLength);
  writeU16(bytes, l3 + headerLength + 2, checksum(bytes, l3 + headerLength, l3End, 0));
  writeHeader4(pkt, headerLength, INTERNETWORK_CONTROL, 0, ipv4.FLAG_DF, 1, IPPROTO_IGMP);
  dissectNetwork(pkt, ETH_P_IP);
  sendLocal4(host, pkt);
  host.pool.give(pkt);
}

export function sendRecords6(host: Host, device: Device, records: readonly GroupRecord[]): void {
  const message = new Uint8Array(icmpv6.HEADER_LENGTH + records.length * RECORD_LENGTH[6]);
  message[0] = icmpv6.MLD2_REPORT;
  writeU16(message, 6, records.length);
  records.forEach(({ kind, group }, i) => {
    const at = icmpv6.HEADER_LENGTH + i * RECORD_LENGTH[6];
    message[at] = kind;
    group.forEach((word, n) => writeU32(message, at + 4 + 4 * n, word));
  });
  send6(host, device, Int32Array.of(LINK_SCOPE_6, 0, 0, REPORT_RECEIVERS_6), message);
}

/** Of MLDv1. */
export function sendOld6(host: Host, device: Device, type: number, group: Int32Array): void {
  const message = new Uint8Array(icmpv6.HEADER_LENGTH + 16);
  message[0] = type;
  group.forEach((word, i) => writeU32(message, icmpv6.HEADER_LENGTH + 4 * i, word));
  send6(host, device, type === icmpv6.MLD_DONE ? Int32Array.of(LINK_SCOPE_6, 0, 0, 2) : group, message);
}

function send6(host: Host, device: Device, to: Int32Array, message: Uint8Array): void {
  const at = ipv6.HEADER_LENGTH + HOP_BY_HOP.length;
  const source = host.addresses.of(device, 6).find(({ scope }) => scope === Scope.LINK)?.words;
  const pkt = host.pool.take(at + message.length);
  toLink(pkt, device);
  [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = (source ?? new Int32Array(4)) as unknown as Four;
  [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = to as unknown as Four;
  [pkt.via0, pkt.via1, pkt.via2, pkt.via3] = to as unknown as Four;
  const { bytes, l3, l3End } = pkt;
  bytes.set(HOP_BY_HOP, l3 + ipv6.HEADER_LENGTH);
  bytes.set(message, l3 + at);
  writeHeader6(pkt, 0, 0, IPPROTO_HOPOPTS, 1);
  dissectNetwork(pkt, ETH_P_IPV6);
  writeU16(bytes, l3 + at + 2, checksum(bytes, l3 + at, l3End, pseudoOf(pkt, l3End - l3 - at)));
  sendLocal6(host, pkt, device.index, false);
  host.pool.give(pkt);
}

type Four = [number, number, number, number];

function toLink(pkt: PacketBuffer, device: Device): void {
  pkt.oif = device.index;
  pkt.routeMtu = device.mtu;
}

/** A query: which version asks, about which group (all 0: all), and within how many milliseconds it wants answers. */
export interface Query {
  readonly version: 1 | 2 | 3;
  readonly group: Int32Array;
  readonly withinMs: number;
}

const V3_QUERY_LENGTH = 12;
const MLD2_QUERY_LENGTH = 28;
const MLD_QUERY_LENGTH = 24;
const V1_WITHIN_MS = 10_000;

/** Undefined for what is no query. */
export function readQuery4({ bytes, l4, l3End }: PacketBuffer): Query | undefined {
  if (!igmp.isIntact(bytes, l4, l3End) || bytes[l4] !== igmp.QUERY) return undefined;
  const length = l3End - l4;
  const code = bytes[l4 + 1]!;
  const isVersion3 = length >= V3_QUERY_LENGTH;
  const version = isVersion3 ? 3 : code === 0 ? 1 : 2;
  const word = (bytes[l4 + 4]! << 24) | (bytes[l4 + 5]! << 16) | (bytes[l4 + 6]! << 8) | bytes[l4 + 7]!;
  const withinMs = version === 1 ? V1_WITHIN_MS : igmp.responseSeconds(code, isVersion3) * 1000;
  return { version, group: Int32Array.of(word, 0, 0, 0), withinMs };
}

export function readQuery6({ bytes, l4, l3End }: PacketBuffer): Query | undefined {
  const length = l3End - l4;
  if (length < MLD_QUERY_LENGTH || bytes[l4] !== icmpv6.MLD_QUERY) return undefined;
  const isVersion2 = length >= MLD2_QUERY_LENGTH;
  const code = readU16(bytes, l4 + 4);
  const word = (i: number) => {
    const at = l4 + icmpv6.HEADER_LENGTH + 4 * i;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  };
  return {
    version: isVersion2 ? 3 : 2,
    group: Int32Array.of(word(0), word(1), word(2), word(3)),
    withinMs: longDelay(code, isVersion2),
  };
}

/** From 32768 on a floating point number (RFC 3810 5.1.3). */
function longDelay(code: number, isVersion2: boolean): number {
  if (!isVersion2 || code < 0x8000) return code;
  return ((code & 0xfff) | 0x1000) << (((code >>> 12) & 7) + 3);
}
