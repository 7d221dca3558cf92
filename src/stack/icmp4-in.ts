/**
 * ICMP for this host (Linux: icmp_rcv): echo and timestamp requests are answered, errors handed to the transport that
 * they are about (icmp-errors.ts).
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import { checksum } from '../wire/checksum.ts';
import { writeU32 } from '../wire/bytes.ts';
import * as icmp from '../wire/icmp.ts';
import { isKnownRight, type PacketBuffer } from '../wire/packet-buffer.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';
import { receiveIcmpError4 } from './icmp-errors.ts';
import { receiveRedirect4 } from './redirect-in.ts';

const MICROSECONDS_PER_MS = 1000;
const MS_PER_DAY = 86_400_000;
/** Type, code, checksum, identifier and sequence number, and three times. */
const TIMESTAMP_LENGTH = 20;

/** @param isSeen - a raw socket has seen it already, so that it is not ignored whatever it says */
export function receiveIcmp4(host: Host, pkt: PacketBuffer, device: Device, isSeen: boolean): void {
  const { bytes, l4, l3End } = pkt;
  if (!isKnownRight(pkt) && checksum(bytes, l4, l3End, 0) !== 0) {
    return host.drop(pkt, DropReason.ICMP_CHECKSUM);
  }
  if (l4 + icmp.HEADER_LENGTH > l3End) return host.drop(pkt, DropReason.TRANSPORT_HEADER);
  const type = icmp.type(bytes, l4);
  if (wasSentToMany(host, pkt)) {
    const isQuery = type === icmp.ECHO_REQUEST || type === icmp.TIMESTAMP_REQUEST;
    if (isQuery && host.sysctls.get('net.ipv4.icmp_echo_ignore_broadcasts') !== 0) {
      return host.drop(pkt, DropReason.ICMP_BROADCAST);
    }
    const isMask = type === icmp.ADDRESS_MASK_REQUEST || type === icmp.ADDRESS_MASK_REPLY;
    if (!isQuery && !isMask) return host.drop(pkt, DropReason.ICMP_IGNORED);
  }
  switch (type) {
    case icmp.ECHO_REQUEST:
      return echo(host, pkt);
    case icmp.TIMESTAMP_REQUEST:
      return timestamp(host, pkt);
    case icmp.REDIRECT:
      if (receiveRedirect4(host, pkt, device)) return host.countDelivered();
      return host.drop(pkt, DropReason.ICMP_IGNORED);
    default:
      if (icmp.isError(type) && receiveIcmpError4(host, pkt)) return host.countDelivered();
      return isSeen || host.hasSocket(pkt, device)
        ? host.deliver(pkt)
        : host.drop(pkt, DropReason.ICMP_IGNORED);
  }
}

function wasSentToMany(host: Host, pkt: PacketBuffer): boolean {
  const kind = host.addressType(4, pkt.dst0, 0, 0, 0, 0);
  return kind === AddressType.BROADCAST || kind === AddressType.MULTICAST;
}

function echo(host: Host, pkt: PacketBuffer): void {
  if (host.sysctls.get('net.ipv4.icmp_echo_ignore_all') !== 0) return host.drop(pkt, DropReason.ICMP_IGNORED);
  if (host.claimEcho?.(pkt) === true) return host.deliver(pkt);
  const answer = host.icmp4.reply(pkt, icmp.ECHO_REPLY, pkt.l3End - pkt.l4);
  if (answer !== undefined) host.icmp4.sendReply(answer);
  host.deliver(pkt);
}

function timestamp(host: Host, pkt: PacketBuffer): void {
  if (pkt.l3End - pkt.l4 < icmp.HEADER_LENGTH + 4) return host.drop(pkt, DropReason.TRANSPORT_HEADER);
  const answer = host.icmp4.reply(pkt, icmp.TIMESTAMP_REPLY, TIMESTAMP_LENGTH);
  if (answer !== undefined) {
    const now = Math.floor(host.clock.now / MICROSECONDS_PER_MS) % MS_PER_DAY;
    answer.bytes[answer.l4 + 1] = 0;
    writeU32(answer.bytes, answer.l4 + 12, now);
    writeU32(answer.bytes, answer.l4 + 16, now);
    host.icmp4.sendReply(answer);
  }
  host.deliver(pkt);
}
