/**
 * ICMP errors about packets of this host's own (RFC 1122 3.2.2, RFC 4443 2.4): whom they are about, what they mean to an
 * application, and path MTUs. The quoted packet is somebody's word only: the transports check what of it they can. Whether it
 * is a later fragment, which has no ports, is not asked in IPv4 (icmp_unreach).
 */
import type { Family } from '../netfilter/hook.ts';
import { readI32, readU16 } from '../wire/bytes.ts';
import * as icmp from '../wire/icmp.ts';
import * as icmpv6 from '../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_NONE, IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import * as ipv6ext from '../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Host } from './host.ts';
import type { NetErrorCode } from './tcp/errors.ts';
import type { Ends } from './tcp/flow.ts';
import type { IcmpMeaning, Transport } from './transport.ts';

/** Ports and the word behind them. */
const QUOTED_TRANSPORT = 8;
/** RFC 1191 section 7: plateaus for routers that do not say how much they take. */
const PLATEAUS = [32000, 17914, 8166, 4352, 2002, 1492, 576, 296, 216, 128, 68];

/** Whom an error of IPv6 may concern, behind whatever extension headers. */
const UNDERSTOOD_6 = [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6];

/** Linux (tcp_v4_err, tcp_v6_err): of IPv4, a handshake ends when nothing gets there, whatever will pass; of IPv6, when it will not. */
const meaning = (code: NetErrorCode, isHard: boolean, endsHandshake: boolean): IcmpMeaning => ({
  code,
  isHard,
  endsHandshake,
});

/** By the code of "destination unreachable" (icmp_err_convert); Linux knows no others. */
const UNREACHABLE_4: readonly IcmpMeaning[] = [
  meaning('ENETUNREACH', false, true),
  meaning('EHOSTUNREACH', false, true),
  meaning('ENOPROTOOPT', true, false),
  meaning('ECONNREFUSED', true, false),
  meaning('EMSGSIZE', false, false),
  meaning('ENOTSUP', false, false),
  meaning('ENETUNREACH', true, false),
  meaning('EHOSTDOWN', true, false),
  meaning('ENONET', true, false),
  meaning('ENETUNREACH', true, false),
  meaning('EHOSTUNREACH', true, false),
  meaning('ENETUNREACH', false, false),
  meaning('EHOSTUNREACH', false, false),
  meaning('EHOSTUNREACH', true, false),
  meaning('EHOSTUNREACH', true, false),
  meaning('EHOSTUNREACH', true, false),
];
const TTL_EXCEEDED_4 = meaning('EHOSTUNREACH', false, true);

const UNREACHABLE_6: readonly IcmpMeaning[] = [
  meaning('ENETUNREACH', false, false),
  meaning('EACCES', true, true),
  meaning('EHOSTUNREACH', false, false),
  meaning('EHOSTUNREACH', false, false),
  meaning('ECONNREFUSED', true, true),
  meaning('EACCES', true, true),
  meaning('EACCES', true, true),
];
const TIME_EXCEEDED_6 = meaning('EHOSTUNREACH', false, false);
const UNKNOWN_6 = meaning('EPROTO', false, false);

/** Of either version: a parameter problem. */
const PROTOCOL_ERROR = meaning('EPROTO', true, true);

/** Null for what says nothing: source quench, which nobody heeds any more (RFC 6633), and a fragment that stayed away. */
function meaning4(type: number, code: number): IcmpMeaning | null {
  switch (type) {
    case icmp.DEST_UNREACH:
      return UNREACHABLE_4[code] ?? null;
    case icmp.PARAMETER_PROBLEM:
      return PROTOCOL_ERROR;
    case icmp.TIME_EXCEEDED:
      return code === icmp.TTL_EXCEEDED ? TTL_EXCEEDED_4 : null;
    default:
      return null;
  }
}

function meaning6(type: number, code: number): IcmpMeaning {
  switch (type) {
    case icmpv6.DEST_UNREACH:
      return UNREACHABLE_6[code] ?? PROTOCOL_ERROR;
    case icmpv6.PARAMETER_PROBLEM:
      return PROTOCOL_ERROR;
    case icmpv6.TIME_EXCEEDED:
      return TIME_EXCEEDED_6;
    default:
      return UNKNOWN_6;
  }
}

/** True when somebody here was concerned. */
export function receiveIcmpError4(host: Host, pkt: PacketBuffer): boolean {
  const { bytes, l4, l3End } = pkt;
  const inner = l4 + icmp.HEADER_LENGTH;
  if (inner + ipv4.HEADER_LENGTH > l3End || bytes[inner]! >>> 4 !== 4) return false;
  const headerLength = ipv4.headerLength(bytes, inner);
  const at = inner + headerLength;
  if (headerLength < ipv4.HEADER_LENGTH || at + QUOTED_TRANSPORT > l3End) return false;
  const protocol = ipv4.protocol(bytes, inner);
  const transport = transportOf(host, protocol);
  // An echo reply is the host's own; anything else a raw socket's.
  const isOwnIcmp =
    protocol === IPPROTO_ICMP && (bytes[at] === icmp.ECHO_REPLY || host.raw.isHeard(4, IPPROTO_ICMP));
  const words = (word: number) => Int32Array.of(word, 0, 0, 0);
  const ends = quotedEnds(4, bytes, at, words(ipv4.src(bytes, inner)), words(ipv4.dst(bytes, inner)));
  const quoted = readI32(bytes, at + 4);
  const type = icmp.type(bytes, l4);
  const code = bytes[l4 + 1]!;
  if (type === icmp.DEST_UNREACH && code === icmp.FRAG_NEEDED) {
    const said = readU16(bytes, l4 + 6);
    const length = ipv4.totalLength(bytes, inner);
    const mtu = said !== 0 ? said : (PLATEAUS.find((plateau) => plateau < length) ?? 68);
    if (isOwnIcmp || transport?.hasSent(ends, quoted) === true) {
      const learnt = host.pathMtus.learn(4, ends.remote, mtu);
      transport?.packetTooBig(ends, quoted, learnt);
    }
    return transport !== null;
  }
  const error = meaning4(type, code);
  if (error !== null) transport?.icmpError(ends, quoted, error);
  return transport !== null;
}

export function receiveIcmpError6(host: Host, pkt: PacketBuffer): boolean {
  const { bytes, l4, l3End } = pkt;
  const inner = l4 + icmpv6.HEADER_LENGTH;
  if (inner + ipv6.HEADER_LENGTH > l3End || bytes[inner]! >>> 4 !== 6) return false;
  const find = (kind: number) => ipv6ext.findHeader(bytes, inner, l3End, kind);
  const protocol = UNDERSTOOD_6.find((kind) => find(kind) >= 0) ?? IPPROTO_NONE;
  const at = find(protocol);
  if (at < 0 || at + QUOTED_TRANSPORT > l3End) return false;
  const transport = transportOf(host, protocol);
  const words = (offset: number) =>
    Int32Array.of(
      readI32(bytes, offset),
      readI32(bytes, offset + 4),
      readI32(bytes, offset + 8),
      readI32(bytes, offset + 12),
    );
  const ends = quotedEnds(6, bytes, at, words(inner + ipv6.SRC_AT), words(inner + ipv6.DST_AT));
  const quoted = readI32(bytes, at + 4);
  const type = icmpv6.type(bytes, l4);
  if (type === icmpv6.PACKET_TOO_BIG) {
    const mtu = readI32(bytes, l4 + 4) >>> 0;
    // Of ICMPv6 anything is believed, as Linux does.
    if (protocol === IPPROTO_ICMPV6 || transport?.hasSent(ends, quoted) === true) {
      const learnt = host.pathMtus.learn(6, ends.remote, mtu);
      transport?.packetTooBig(ends, quoted, learnt);
    }
    return transport !== null;
  }
  transport?.icmpError(ends, quoted, meaning6(type, bytes[l4 + 1]!));
  return transport !== null;
}

function transportOf(host: Host, protocol: number): Transport | null {
  if (protocol === IPPROTO_TCP) return host.tcp;
  return protocol === IPPROTO_UDP ? host.udp : null;
}

function quotedEnds(
  family: Family,
  bytes: Uint8Array,
  at: number,
  local: Int32Array,
  remote: Int32Array,
): Ends {
  return { family, local, localPort: readU16(bytes, at), remote, remotePort: readU16(bytes, at + 2) };
}
