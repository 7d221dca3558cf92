/**
 * What the SYNPROXY target asks of the host (Linux: nf_synproxy_core.c): SYN cookies, and segments in the name of either
 * end, sent on the way of the host's own packets.
 */
import type { HandshakeServices, ProxySegment } from '../netfilter/synproxy/segment.ts';
import type { Family } from '../netfilter/hook.ts';
import { CtInfo } from '../netfilter/conntrack/ct-info.ts';
import { writeU16, writeU32 } from '../wire/bytes.ts';
import { checksum, pseudoOf } from '../wire/checksum.ts';
import { dissectNetwork, redissectTransport } from '../wire/dissect.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../wire/ether-type.ts';
import { IPPROTO_TCP } from '../wire/ip-protocol.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as ipv6 from '../wire/ipv6.ts';
import { ChecksumState, type PacketBuffer } from '../wire/packet-buffer.ts';
import * as tcp from '../wire/tcp.ts';
import type { Host } from './host.ts';
import { sendLocal4, writeHeader4 } from './ip4-send.ts';
import { sendLocal6, writeHeader6 } from './ip6-send.ts';
import type { Ends } from './tcp/flow.ts';
import { Secrets } from './tcp/secrets.ts';
import { checkCookie, makeCookie } from './tcp/syn-cookies.ts';

/** The ends of a client's segment, as the server would see them. */
export class ClientEnds implements Ends {
  family: Family = 4;
  readonly local = new Int32Array(4);
  localPort = 0;
  readonly remote = new Int32Array(4);
  remotePort = 0;

  take(pkt: PacketBuffer): this {
    const { local, remote } = this;
    this.family = pkt.family === 6 ? 6 : 4;
    local[0] = pkt.dst0;
    local[1] = pkt.dst1;
    local[2] = pkt.dst2;
    local[3] = pkt.dst3;
    remote[0] = pkt.src0;
    remote[1] = pkt.src1;
    remote[2] = pkt.src2;
    remote[3] = pkt.src3;
    this.localPort = pkt.dport;
    this.remotePort = pkt.sport;
    return this;
  }
}

export class ProxiedHandshakes implements HandshakeServices {
  private readonly host: Host;
  private readonly ends = new ClientEnds();
  /** Drawn at the first use: hosts without SYNPROXY draw what they always drew. */
  private secrets: Secrets | null = null;

  constructor(host: Host) {
    this.host = host;
  }

  cookieFor(syn: PacketBuffer, mss: number): number {
    const irs = tcp.seq(syn.bytes, syn.l4);
    return makeCookie(this.ownSecrets(), this.ends.take(syn), irs, mss, this.host.clock.now);
  }

  sizeInCookie(ack: PacketBuffer): number {
    const irs = (tcp.seq(ack.bytes, ack.l4) - 1) | 0;
    const cookie = (tcp.ack(ack.bytes, ack.l4) - 1) | 0;
    return checkCookie(this.ownSecrets(), this.ends.take(ack), irs, cookie, this.host.clock.now);
  }

  send(cause: PacketBuffer, segment: ProxySegment): void {
    const { host } = this;
    const length = tcp.HEADER_LENGTH + segment.options.byteLength;
    const isV4 = cause.family === 4;
    const pkt = host.pool.take((isV4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH) + length);
    address(pkt, cause, segment.isAnswer);
    pkt.cause = cause.cause;
    if (isV4) this.send4(pkt, cause, segment);
    else this.send6(pkt, cause, segment);
    host.pool.give(pkt);
  }

  private ownSecrets(): Secrets {
    return (this.secrets ??= new Secrets(this.host.rng));
  }

  private send4(pkt: PacketBuffer, cause: PacketBuffer, segment: ProxySegment): void {
    const { host } = this;
    if (!host.route4.output(pkt, undefined)) return;
    writeHeader4(pkt, ipv4.HEADER_LENGTH, 0, 0, ipv4.FLAG_DF, host.defaultTtl, IPPROTO_TCP);
    dissectNetwork(pkt, ETH_P_IP);
    finish(pkt, cause, segment);
    sendLocal4(host, pkt);
  }

  private send6(pkt: PacketBuffer, cause: PacketBuffer, segment: ProxySegment): void {
    const { host } = this;
    if (!host.route6.output(pkt, undefined)) return;
    writeHeader6(pkt, 0, 0, IPPROTO_TCP, host.sysctls.get('net.ipv6.conf.all.hop_limit'));
    dissectNetwork(pkt, ETH_P_IPV6);
    finish(pkt, cause, segment);
    sendLocal6(host, pkt);
  }
}

function address(pkt: PacketBuffer, cause: PacketBuffer, isAnswer: boolean): void {
  pkt.src0 = isAnswer ? cause.dst0 : cause.src0;
  pkt.src1 = isAnswer ? cause.dst1 : cause.src1;
  pkt.src2 = isAnswer ? cause.dst2 : cause.src2;
  pkt.src3 = isAnswer ? cause.dst3 : cause.src3;
  pkt.dst0 = isAnswer ? cause.src0 : cause.dst0;
  pkt.dst1 = isAnswer ? cause.src1 : cause.dst1;
  pkt.dst2 = isAnswer ? cause.src2 : cause.dst2;
  pkt.dst3 = isAnswer ? cause.src3 : cause.dst3;
}

/** The segment itself, and the connection that it belongs to or begins. */
function finish(pkt: PacketBuffer, cause: PacketBuffer, segment: ProxySegment): void {
  const { bytes, l4 } = pkt;
  const { options } = segment;
  writeU16(bytes, l4, segment.isAnswer ? cause.dport : cause.sport);
  writeU16(bytes, l4 + 2, segment.isAnswer ? cause.sport : cause.dport);
  writeU32(bytes, l4 + 4, segment.seq);
  writeU32(bytes, l4 + 8, segment.ack);
  bytes[l4 + 12] = ((tcp.HEADER_LENGTH + options.byteLength) >>> 2) << 4;
  bytes[l4 + 13] = segment.flags;
  writeU16(bytes, l4 + 14, segment.window);
  writeU32(bytes, l4 + tcp.CHECKSUM_AT, 0);
  options.write(bytes, l4 + tcp.HEADER_LENGTH);
  tcp.setChecksum(bytes, l4, checksum(bytes, l4, pkt.l3End, pseudoOf(pkt, pkt.l3End - l4)));
  redissectTransport(pkt);
  pkt.checksumState = ChecksumState.PENDING;
  pkt.ct = segment.ct;
  if (segment.ct !== 0) pkt.ctInfo = segment.ct < 0 ? CtInfo.NEW : CtInfo.ESTABLISHED_REPLY;
}
