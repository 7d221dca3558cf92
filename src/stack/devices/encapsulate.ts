/**
 * Packets around packets (Linux: iptunnel_xmit, ip6tnl): an outer IP header is written in front of what a tunnel carries, the
 * outer packet is routed and sent as one of the host's own. Tunnels that lead into themselves end after some rounds.
 */
import { pseudoOf, checksum } from '../../wire/checksum.ts';
import { dissectNetwork } from '../../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as udp from '../../wire/udp.ts';
import type { IpAddress } from '../address.ts';
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import { sendLocal4, writeHeader4 } from '../ip4-send.ts';
import { ownFlowLabel, sendLocal6, writeHeader6 } from '../ip6-send.ts';

export interface Outer {
  /** Undefined: what routing says. */
  readonly local: IpAddress | undefined;
  readonly remote: IpAddress;
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  /** IPv4: the outer packet must not be cut. */
  readonly dontFragment: boolean;
  /** The device that it has to leave by. */
  readonly device: Device | undefined;
}

/** Linux: XMIT_RECURSION_LIMIT. */
const MOST_ROUNDS = 8;
let rounds = 0;

/**
 * @param header - writes what stands between the outer IP header and the payload, at that offset
 * @returns false when there is no way
 */
export function sendAround(
  host: Host,
  outer: Outer,
  headerLength: number,
  header: (bytes: Uint8Array, at: number) => void,
  payload: Uint8Array,
  cause: number,
): boolean {
  if (rounds >= MOST_ROUNDS) return false;
  const isV4 = outer.remote.family === 4;
  const ipLength = isV4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
  const pkt = host.pool.take(ipLength + headerLength + payload.length);
  pkt.cause = cause;
  if (!route(host, pkt, outer)) {
    host.pool.give(pkt);
    return false;
  }
  const { bytes, l3 } = pkt;
  const l4 = l3 + ipLength;
  header(bytes, l4);
  bytes.set(payload, l4 + headerLength);
  if (isV4) {
    const flags = outer.dontFragment ? ipv4.FLAG_DF : 0;
    writeHeader4(pkt, ipLength, outer.tos, host.rng.u32() & 0xffff, flags, outer.ttl, outer.protocol);
    dissectNetwork(pkt, ETH_P_IP);
  } else {
    writeHeader6(pkt, outer.tos, ownFlowLabel(host), outer.protocol, outer.ttl);
    dissectNetwork(pkt, ETH_P_IPV6);
  }
  if (outer.protocol === IPPROTO_UDP) {
    const sum = checksum(bytes, l4, pkt.l3End, pseudoOf(pkt, pkt.l3End - l4));
    udp.setChecksum(bytes, l4, udp.mangleZero(sum));
  }
  rounds++;
  try {
    if (isV4) sendLocal4(host, pkt);
    else sendLocal6(host, pkt);
  } finally {
    rounds--;
  }
  host.pool.give(pkt);
  return true;
}

function route(host: Host, pkt: PacketBuffer, { local, remote, device }: Outer): boolean {
  const [d0, d1, d2, d3] = remote.words;
  pkt.dst0 = d0!;
  pkt.dst1 = d1!;
  pkt.dst2 = d2!;
  pkt.dst3 = d3!;
  if (local !== undefined) setSource(pkt, local.words);
  const isV4 = remote.family === 4;
  const found = isV4 ? host.route4.output(pkt, device) : host.route6.output(pkt, device);
  if (!found) return false;
  if (local !== undefined) return true;
  const source = isV4 ? Int32Array.of(host.route4.source, 0, 0, 0) : host.route6.source(pkt);
  if (source === undefined) return false;
  setSource(pkt, source);
  return true;
}

function setSource(pkt: PacketBuffer, words: Int32Array): void {
  pkt.src0 = words[0]!;
  pkt.src1 = words[1]!;
  pkt.src2 = words[2]!;
  pkt.src3 = words[3]!;
}
