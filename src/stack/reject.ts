/**
 * What the REJECT target asks of the host (Linux: nf_reject_ipv4.c, nf_reject_ipv6.c): answers are only given to packets
 * whose checksum is right, since a wrong one may have hit the very address that the answer would go to.
 */
import { Hook } from '../netfilter/hook.ts';
import { AddressType } from '../netfilter/host-services.ts';
import { checksum, fold, transportSum } from '../wire/checksum.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_GRE,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../wire/ip-protocol.ts';
import { ChecksumState, isKnownRight, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';
import * as udp from '../wire/udp.ts';
import type { Host } from './host.ts';
import { rejectTcp, type Closing } from './tcp-reset.ts';

export function rejectWithIcmp(host: Host, pkt: PacketBuffer, type: number, code: number, hook: Hook): void {
  // For an error it is enough that tracking once found the sum right (csum_valid), whatever became of the packet since.
  const wasRight = isTakenForRight(pkt, hook) || pkt.checksumState === ChecksumState.OUTDATED;
  if (pkt.fragOffset !== 0 || !(wasRight || sumAllowsAnswer(pkt))) return;
  if (hook === Hook.PREROUTING && !routeForAnswer(host, pkt)) return;
  if (pkt.family === 4) host.icmp4.error(pkt, type, code, 0);
  else host.icmp6.error(pkt, type, code, 0);
}

export function rejectWithReset(host: Host, pkt: PacketBuffer, hook: Hook, conntrack: Closing): void {
  if (pkt.fragOffset !== 0 || pkt.proto !== IPPROTO_TCP) return;
  if (pkt.l4 + tcp.HEADER_LENGTH > pkt.l3End) return;
  if ((tcp.flags(pkt.bytes, pkt.l4) & tcp.RST) !== 0) return;
  if (!sumAllowsReset(pkt, hook)) return;
  if (hook === Hook.PREROUTING && !routeForAnswer(host, pkt)) return;
  if (!hasUnicastAddresses(host, pkt)) return;
  rejectTcp(host, pkt, conntrack);
}

/** Once tracking has a packet's sum nobody compares it on the way out, where copies of what came in with a wrong one may be. */
function isTakenForRight(pkt: PacketBuffer, hook: Hook): boolean {
  return isKnownRight(pkt) || (hook === Hook.OUTPUT && pkt.checksumState === ChecksumState.WRONG);
}

/** ip_forward, which what is bridged does not pass, has the sum that tracking has forgotten: the whole is summed again. */
function sumAllowsReset(pkt: PacketBuffer, hook: Hook): boolean {
  const isForgotten =
    hook === Hook.FORWARD && pkt.physOut === 0 && pkt.checksumState !== ChecksumState.SETTLED;
  return (!isForgotten && isTakenForRight(pkt, hook)) || sumsAreRight(pkt);
}

function sumAllowsAnswer(pkt: PacketBuffer): boolean {
  switch (pkt.proto) {
    // Protocols whose checksum is another, covers a part only, or may be absent.
    case IPPROTO_AH:
    case IPPROTO_ESP:
    case IPPROTO_SCTP:
    case IPPROTO_UDPLITE:
    case IPPROTO_GRE:
      return true;
    case IPPROTO_UDP:
      return hasNoUdpSum(pkt) || sumsAreRight(pkt);
    case IPPROTO_TCP:
      return sumsAreRight(pkt);
    default:
      // Anything else is summed as ICMP of its family is.
      if (pkt.family === 6) return sumsAreRight(pkt);
      return headerSumIsRight(pkt) && checksum(pkt.bytes, pkt.l4, pkt.l3End, 0) === 0;
  }
}

function hasNoUdpSum({ bytes, l4, l3End }: PacketBuffer): boolean {
  return l4 + udp.HEADER_LENGTH <= l3End && udp.headerChecksum(bytes, l4) === udp.CHECKSUM_NONE;
}

function sumsAreRight(pkt: PacketBuffer): boolean {
  return headerSumIsRight(pkt) && fold(transportSum(pkt)) === 0xffff;
}

/**
 * Linux sums the whole packet and takes it for granted that the IP header adds nothing. Where an option has been filled
 * in on the way (ip4-options.ts) it does, and the packet gets no answer.
 */
function headerSumIsRight(pkt: PacketBuffer): boolean {
  return pkt.family === 6 || ipv4.checksumOk(pkt.bytes, pkt.l3);
}

function routeForAnswer(host: Host, pkt: PacketBuffer): boolean {
  const device = host.devices.at(pkt.iif);
  if (device === undefined) return true;
  return pkt.family === 4 ? host.route4.input(pkt, device) !== 0 : host.route6.input(pkt, device) !== 0;
}

function hasUnicastAddresses(host: Host, pkt: PacketBuffer): boolean {
  if (pkt.family === 6) {
    const isSpecial = (w0: number, at: number) =>
      w0 >>> 24 === 0xff || pkt.bytes.subarray(at, at + 16).every((byte) => byte === 0);
    return !isSpecial(pkt.src0, pkt.l3 + ipv6.SRC_AT) && !isSpecial(pkt.dst0, pkt.l3 + ipv6.DST_AT);
  }
  // A packet that is bridged has not been routed: nothing says that it is for a group.
  if (pkt.physOut !== 0) return true;
  const kind = host.addressType(4, pkt.dst0, 0, 0, 0, 0);
  return kind !== AddressType.BROADCAST && kind !== AddressType.MULTICAST;
}
