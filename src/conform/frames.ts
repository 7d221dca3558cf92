/**
 * Makes frames for the kernel harness's cases: Ethernet, IPv4 and IPv6, TCP, UDP, ICMP and ICMPv6, with checksums.
 *
 * Not the product's wire layer: what the cases feed to Sluice must not be made by Sluice. Slow and plain.
 * Sources: RFC 791, 8200, 9293, 768, 792, 4443, 1071.
 */
export type Bytes = readonly number[] | Uint8Array;

export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58 } as const;
export const TCP_FLAGS: Readonly<Record<string, number>> = {
  F: 1,
  S: 2,
  R: 4,
  P: 8,
  A: 16,
  U: 32,
  E: 64,
  C: 128,
};
const ETHERTYPE = { IPV4: 0x0800, IPV6: 0x86dd } as const;
const FRAGMENT_HEADER = 44;

export interface Ends {
  readonly from: string;
  readonly to: string;
}

export interface IpOptions {
  readonly ttl?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly tos?: number;
  /** IPv4 only: the options' bytes, a multiple of four. */
  readonly options?: Bytes;
  readonly flowLabel?: number;
}

export interface TcpFields {
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack?: number;
  /** Letters of FSRPAUEC. */
  readonly flags: string;
  readonly window?: number;
  readonly options?: Bytes;
  readonly payload?: Bytes;
}

export function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)];
}

export function text(value: string): number[] {
  return [...Buffer.from(value, 'latin1')];
}

/** The one's complement of the one's complement sum (RFC 1071). */
export function checksum(bytes: Bytes): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function mac(address: string): number[] {
  return address.split(':').map((part) => parseInt(part, 16));
}

export function isV6(address: string): boolean {
  return address.includes(':');
}

export function address(value: string): number[] {
  if (!isV6(value)) return value.split('.').map(Number);
  const [head = '', tail] = value.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => parseInt(word, 16));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].flatMap(u16);
}

/** The pseudo header that TCP, UDP and ICMPv6 checksums include. */
export function pseudoHeader({ from, to }: Ends, protocol: number, length: number): number[] {
  const ends = [...address(from), ...address(to)];
  return isV6(from) ? [...ends, ...u32(length), 0, 0, 0, protocol] : [...ends, 0, protocol, ...u16(length)];
}

function withChecksum(segment: number[], at: number, cover: readonly number[]): number[] {
  const sum = checksum([...cover, ...segment]);
  segment.splice(at, 2, ...u16(sum));
  return segment;
}

export function tcp(ends: Ends, fields: TcpFields, ip: IpOptions = {}): number[] {
  const { sport, dport, seq, ack = 0, flags, window = 65535, options = [], payload = [] } = fields;
  const flagBits = [...flags].reduce((bits, letter) => bits | (TCP_FLAGS[letter] ?? 0), 0);
  const offset = (5 + options.length / 4) << 4;
  const header = [
    ...u16(sport),
    ...u16(dport),
    ...u32(seq),
    ...u32(ack),
    offset,
    flagBits,
    ...u16(window),
    0,
    0,
    0,
    0,
  ];
  const segment = [...header, ...options, ...payload];
  return packet(
    ends,
    PROTOCOL.TCP,
    withChecksum(segment, 16, pseudoHeader(ends, PROTOCOL.TCP, segment.length)),
    ip,
  );
}

export function udp(ends: Ends, sport: number, dport: number, payload: Bytes, ip: IpOptions = {}): number[] {
  const datagram = [...u16(sport), ...u16(dport), ...u16(8 + payload.length), 0, 0, ...payload];
  const cover = pseudoHeader(ends, PROTOCOL.UDP, datagram.length);
  return packet(ends, PROTOCOL.UDP, withChecksum(datagram, 6, cover), ip);
}

/** ICMP or ICMPv6 by the family of the addresses; `rest` is everything after the checksum. */
export function icmp(ends: Ends, type: number, code: number, rest: Bytes, ip: IpOptions = {}): number[] {
  const message = [type, code, 0, 0, ...rest];
  if (!isV6(ends.from)) return packet(ends, PROTOCOL.ICMP, withChecksum(message, 2, []), ip);
  const cover = pseudoHeader(ends, PROTOCOL.ICMPV6, message.length);
  return packet(ends, PROTOCOL.ICMPV6, withChecksum(message, 2, cover), ip);
}

export function echo(ends: Ends, isReply: boolean, id: number, sequence: number, payload: Bytes): number[] {
  const type = isV6(ends.from) ? (isReply ? 129 : 128) : isReply ? 0 : 8;
  return icmp(ends, type, 0, [...u16(id), ...u16(sequence), ...payload]);
}

export function packet(ends: Ends, protocol: number, payload: Bytes, ip: IpOptions = {}): number[] {
  return isV6(ends.from) ? ipv6(ends, protocol, payload, ip) : ipv4(ends, protocol, payload, ip);
}

function ipv6({ from, to }: Ends, protocol: number, payload: Bytes, ip: IpOptions): number[] {
  const { ttl = 64, tos = 0, flowLabel = 0 } = ip;
  const first = u32(((6 << 28) | (tos << 20) | flowLabel) >>> 0);
  return [...first, ...u16(payload.length), protocol, ttl, ...address(from), ...address(to), ...payload];
}

function ipv4({ from, to }: Ends, protocol: number, payload: Bytes, ip: IpOptions): number[] {
  const { ttl = 64, id = 0x1234, dontFragment = false, tos = 0, options = [] } = ip;
  const length = 20 + options.length + payload.length;
  const flags = dontFragment ? 0x4000 : 0;
  const header = [
    0x40 | (5 + options.length / 4),
    tos,
    ...u16(length),
    ...u16(id),
    ...u16(flags),
    ttl,
    protocol,
    0,
    0,
  ];
  return [...withChecksum([...header, ...address(from), ...address(to), ...options], 10, []), ...payload];
}

/**
 * Cuts a packet into fragments whose payloads are `size` bytes (a multiple of eight) and less. IPv4 packets bring their
 * identification, IPv6 packets get `id`.
 */
export function fragments(whole: readonly number[], size: number, id = 0x0badcafe): number[][] {
  const v6 = whole[0]! >> 4 === 6;
  const headerLength = v6 ? 40 : (whole[0]! & 15) * 4;
  const header = whole.slice(0, headerLength);
  const payload = whole.slice(headerLength);
  const pieces: number[][] = [];
  for (let at = 0; at < payload.length; at += size) {
    const piece = payload.slice(at, at + size);
    const more = at + size < payload.length;
    pieces.push(v6 ? v6Fragment(header, piece, at, more, id) : v4Fragment(header, piece, at, more));
  }
  return pieces;
}

function v4Fragment(
  header: readonly number[],
  piece: readonly number[],
  at: number,
  more: boolean,
): number[] {
  const own = [...header];
  own.splice(2, 2, ...u16(own.length + piece.length));
  own.splice(6, 2, ...u16((more ? 0x2000 : 0) | (at / 8)));
  own.splice(10, 2, 0, 0);
  return [...withChecksum(own, 10, []), ...piece];
}

function v6Fragment(
  header: readonly number[],
  piece: readonly number[],
  at: number,
  more: boolean,
  id: number,
): number[] {
  const own = [...header];
  const extension = [own[6]!, 0, ...u16(at | (more ? 1 : 0)), ...u32(id)];
  own.splice(4, 2, ...u16(extension.length + piece.length));
  own[6] = FRAGMENT_HEADER;
  return [...own, ...extension, ...piece];
}

export function ethernet(destination: string, source: string, ipPacket: readonly number[]): Uint8Array {
  const type = ipPacket[0]! >> 4 === 6 ? ETHERTYPE.IPV6 : ETHERTYPE.IPV4;
  return Uint8Array.from([...mac(destination), ...mac(source), ...u16(type), ...ipPacket]);
}
