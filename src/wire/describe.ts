/**
 * One line for a frame, in the words of `tcpdump -n`: addresses as numbers, layers 3 and 4, no application protocols
 * (DNS shows as a UDP length). Two things differ on purpose: VLAN tags are always shown (`vlan 5, p 0, IP …`), and a
 * line stays a line, without hexadecimal dumps below. Sequence numbers are absolute unless the caller says where the
 * connection began. Only numbers taken from the packet are printed, never its text, so nothing needs escaping.
 *
 * For reports and traces: it allocates, and nothing calls it on the path of a packet.
 */
import { describeEthernet, describeNetwork } from './describe/link.ts';
import type { RelativeBase, View } from './describe/view.ts';
import { ETH_P_IP, ETH_P_IPV6 } from './ether-type.ts';
import type { PacketBuffer } from './packet-buffer.ts';

export { flagLetters } from './describe/tcp.ts';
export type { RelativeBase } from './describe/view.ts';

export interface DescribeOptions {
  /** Bytes on the wire of a frame that the capture cut; as many as there are, unless given. */
  readonly wireLength?: number;
  /** Initial sequence numbers to subtract, as tcpdump does after the first packet of a connection. */
  readonly relative?: RelativeBase;
  /** As with -v; IPv4 then takes two lines. */
  readonly verbose?: boolean;
}

/** The Ethernet frame from `start` to `end`. */
export function describeFrame(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  options: DescribeOptions = {},
): string {
  return describeEthernet(makeView(bytes, start, end, options), start);
}

/** The packet from `start` to `end`; without an EtherType its first nibble tells what it is. */
export function describePacket(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  options: DescribeOptions = {},
  etherType = 0,
): string {
  const type = etherType === 0 && start < end ? rawType(bytes[start]! >>> 4) : etherType;
  const text = describeNetwork(makeView(bytes, start, end, options), type, start);
  return text ?? `ethertype Unknown (0x${type.toString(16).padStart(4, '0')}), length ${end - start}`;
}

/** A dissected packet: the whole frame when it has a layer 2, else from l3 on. */
export function describe(pkt: PacketBuffer, options: DescribeOptions = {}): string {
  return pkt.l2 >= 0
    ? describeFrame(pkt.bytes, pkt.l2, pkt.end, options)
    : describePacket(pkt.bytes, pkt.l3, pkt.end, options, pkt.etherType);
}

function rawType(version: number): number {
  return version === 6 ? ETH_P_IPV6 : ETH_P_IP;
}

function makeView(bytes: Uint8Array, start: number, end: number, options: DescribeOptions): View {
  const wireEnd = Math.max(end, start + (options.wireLength ?? 0));
  return { bytes, end, wireEnd, relative: options.relative, verbose: options.verbose === true, depth: 0 };
}
