/**
 * What the describers share: the bytes at hand, how long the frame was on the wire, and how deep packets stand inside
 * packets. Every describer asks `has` before it reads, and answers with tcpdump's `[|name]` where the bytes end too early.
 */

/** Numbers to subtract, when a caller knows where a connection began (tcpdump without -S). */
export interface RelativeBase {
  /** Initial sequence number of the sender, and of its peer. */
  readonly seq: number;
  readonly ack: number;
}

export interface View {
  readonly bytes: Uint8Array;
  /** One past the last byte captured. */
  readonly end: number;
  /** One past the last byte that was on the wire: beyond `end` when the capture cut the frame. */
  readonly wireEnd: number;
  readonly relative: RelativeBase | undefined;
  /** Shows what `tcpdump -v` does (verbose.ts). */
  readonly verbose: boolean;
  /** How many packets this one stands in. */
  readonly depth: number;
}

/** What a transport describer needs of the IP header around. */
export interface IpContext {
  readonly family: 4 | 6;
  /** Where it begins. */
  readonly header: number;
  readonly src: string;
  readonly dst: string;
  /** True when "src > dst: " has been printed already (an extension header, AH), so that ports stand alone. */
  readonly addressed: boolean;
  readonly fragmented: boolean;
}

/** Packets in packets are followed so deep; each level costs the sender twenty bytes and us a call. */
export const MAX_DEPTH = 8;

export function has(view: View, at: number, length: number): boolean {
  return at + length <= view.end;
}

/** `10.0.0.1.40000 > 10.0.0.2.80`, or `40000 > 80` behind an extension header. */
export function endpoints(ip: IpContext, srcPort: number, dstPort: number): string {
  return ip.addressed ? `${srcPort} > ${dstPort}` : `${ip.src}.${srcPort} > ${ip.dst}.${dstPort}`;
}

/** A transport header of which not even the ports are there. */
export function withoutPorts(ip: IpContext, rest: string): string {
  return ip.addressed ? rest : `${ip.src} > ${ip.dst}: ${rest}`;
}

/** `0x` and eight digits. */
export function hex32(word: number): string {
  return `0x${(word >>> 0).toString(16).padStart(8, '0')}`;
}
