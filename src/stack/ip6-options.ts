/**
 * Options of IPv6 hop-by-hop and destination headers (RFC 8200 4.2, RFC 2675, RFC 2711; Linux: ip6_parse_tlv): padding that
 * is no more than padding, few options, and for unknown ones what their two highest bits ask for. A home address is
 * unknown, as to a kernel built without mobility (CONFIG_IPV6_MIP6).
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { readI32 } from '../wire/bytes.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_HOPOPTS } from '../wire/ip-protocol.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Host } from './host.ts';

/** Padding aligns to eight bytes, so it is never longer. */
const MOST_PADDING = 7;
/** Option length of a router alert, and of a jumbo payload option. */
const ROUTER_ALERT_LENGTH = 2;
const JUMBO_LENGTH = 4;
const OPTION_CALIPSO = 7;
const CALIPSO_MIN_LENGTH = 8;

/** True when the header at `at` may pass; else the packet was dropped, and its sender perhaps told. */
export function optionsPass(host: Host, pkt: PacketBuffer, at: number, kind: number): boolean {
  const { bytes, l3End } = pkt;
  if (at + ipv6ext.MIN_LENGTH > l3End) return bad(host, pkt);
  const end = at + ipv6ext.headerLength(bytes, at, kind);
  if (end > l3End) return bad(host, pkt);
  const isHopByHop = kind === IPPROTO_HOPOPTS;
  const most = host.sysctls.get(isHopByHop ? 'net.ipv6.max_hbh_opts_number' : 'net.ipv6.max_dst_opts_number');
  let padding = 0;
  let count = 0;
  let option = ipv6ext.optionsStart(at);
  for (let length = 0; option < end; option += length) {
    length = ipv6ext.optionLength(bytes, option, end);
    if (length <= 0) return bad(host, pkt);
    const type = bytes[option]!;
    if (type === ipv6ext.OPTION_PAD1 || type === ipv6ext.OPTION_PADN) {
      padding += length;
      if (padding > MOST_PADDING || !isZero(bytes, option + 2, option + length)) return bad(host, pkt);
      continue;
    }
    padding = 0;
    if (++count > most) return bad(host, pkt);
    const known = isHopByHop ? hopByHop(host, pkt, option) : UNKNOWN;
    if (known === KNOWN_REFUSED) return false;
    if (known === UNKNOWN && !unknownPasses(host, pkt, option)) return false;
  }
  return true;
}

const UNKNOWN = 0;
const KNOWN = 1;
/** Known, and wrong; the packet has been dropped. */
const KNOWN_REFUSED = 2;

function hopByHop(host: Host, pkt: PacketBuffer, option: number): number {
  const { bytes, l3, l3End } = pkt;
  const length = bytes[option + 1]!;
  switch (bytes[option]) {
    case ipv6ext.OPTION_ROUTER_ALERT:
      return length === ROUTER_ALERT_LENGTH ? KNOWN : refused(host, pkt);
    case OPTION_CALIPSO:
      // RFC 5570 5.1: too short for what it says to hold. (Its checksum is not looked at.)
      return length >= CALIPSO_MIN_LENGTH && 4 * bytes[option + 6]! + CALIPSO_MIN_LENGTH <= length
        ? KNOWN
        : refused(host, pkt);
    case ipv6ext.OPTION_JUMBO: {
      if (length !== JUMBO_LENGTH || ((option - l3) & 3) !== 2) return refused(host, pkt);
      const payload = readI32(bytes, option + 2) >>> 0;
      if (payload <= ipv6.MAX_PAYLOAD_LENGTH) return fieldProblem(host, pkt, option + 2);
      if (ipv6.payloadLength(bytes, l3) !== 0) return fieldProblem(host, pkt, option);
      return payload > l3End - l3 - ipv6.HEADER_LENGTH ? refused(host, pkt) : KNOWN;
    }
    default:
      return UNKNOWN;
  }
}

function refused(host: Host, pkt: PacketBuffer): number {
  bad(host, pkt);
  return KNOWN_REFUSED;
}

function fieldProblem(host: Host, pkt: PacketBuffer, at: number): number {
  host.icmp6.error(pkt, icmpv6.PARAMETER_PROBLEM, icmpv6.ERRONEOUS_HEADER, at - pkt.l3);
  return refused(host, pkt);
}

/** RFC 8200 4.2: 00 skip, 01 discard, 10 discard and tell, 11 discard and tell unless sent to many. */
function unknownPasses(host: Host, pkt: PacketBuffer, option: number): boolean {
  const action = pkt.bytes[option]! >>> 6;
  if (action === 0) return true;
  const toMany = pkt.dst0 >>> 24 === 0xff;
  if (action === 2 || (action === 3 && !toMany)) {
    host.icmp6.insists = true;
    host.icmp6.error(pkt, icmpv6.PARAMETER_PROBLEM, icmpv6.UNKNOWN_OPTION, option - pkt.l3);
    host.icmp6.insists = false;
  }
  return bad(host, pkt);
}

function bad(host: Host, pkt: PacketBuffer): boolean {
  host.drop(pkt, DropReason.IPV6_EXTENSION);
  return false;
}

function isZero(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}
