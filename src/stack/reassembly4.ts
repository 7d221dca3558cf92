/**
 * Reassembly of IPv4 (RFC 791 3.2, RFC 815, RFC 1858; Linux: ip_defrag): a datagram is known by source, destination,
 * protocol and identification. See fragment-queue.ts for overlaps.
 */
import { DropReason } from '../netfilter/drop-reason.ts';
import { AddressType } from '../netfilter/host-services.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { writeU16 } from '../wire/bytes.ts';
import { dissectNetwork } from '../wire/dissect.ts';
import { ETH_P_IP } from '../wire/ether-type.ts';
import * as icmp from '../wire/icmp.ts';
import * as ipv4 from '../wire/ipv4.ts';
import { PacketBuffer } from '../wire/packet-buffer.ts';
import { Insert, joinEcn, type DefragUser, type FragmentQueue, type Piece } from './fragment-queue.ts';
import type { Host } from './host.ts';
import { moveTo, readFrameHeader } from './reassembled.ts';
import { HEAD_ROOM } from './packet-pool.ts';

export function collect4(host: Host, pkt: PacketBuffer, user: DefragUser, zone: number): number {
  const { bytes, l3 } = pkt;
  const table = host.fragments.table4;
  const key = `${user},${zone},${pkt.src0},${pkt.dst0},${ipv4.id(bytes, l3)},${pkt.proto}`;
  const limit = host.sysctls.get('net.ipv4.ipfrag_high_thresh');
  const timeout = host.sysctls.get('net.ipv4.ipfrag_time');
  let queue = table.find(key, limit, timeout);
  if (queue !== undefined && isTooFar(host, queue, pkt)) {
    // So many others came between that the identification has probably come round: begin anew.
    table.remove(queue);
    queue = table.find(key, limit, timeout);
  }
  if (queue === undefined) return refuse(host, pkt, DropReason.FRAGMENT_MEMORY);
  return add(host, queue, pkt);
}

function isTooFar(host: Host, queue: FragmentQueue, pkt: PacketBuffer): boolean {
  const most = host.sysctls.get('net.ipv4.ipfrag_max_dist');
  if (most === 0) return false;
  const count = host.fragments.countSource(pkt.src0);
  const between = count - queue.distance;
  const isFar = queue.pieces.length > 0 && between > most;
  queue.distance = count;
  return isFar;
}

function add(host: Host, queue: FragmentQueue, pkt: PacketBuffer): number {
  const { bytes, l3, l4 } = pkt;
  const isLast = pkt.moreFragments === 0;
  const offset = pkt.fragOffset;
  let end = offset + pkt.l3End - l4;
  // All but the last are cut to a multiple of eight bytes.
  if (!isLast) end &= ~7;
  if (queue.contradicts(end, isLast) || end === offset) {
    host.fragments.table4.remove(queue);
    return refuse(host, pkt, DropReason.FRAGMENT_BAD);
  }
  const dataAt = l4 - l3;
  const piece: Piece = {
    offset,
    end,
    bytes: bytes.slice(l3, l4 + end - offset),
    dataAt,
    packetType: pkt.packetType,
  };
  switch (queue.insert(piece)) {
    case Insert.DUPLICATE:
      return refuse(host, pkt, DropReason.FRAGMENT_BAD);
    case Insert.OVERLAP:
      host.fragments.table4.remove(queue);
      return refuse(host, pkt, DropReason.FRAGMENT_OVERLAP);
    default:
  }
  host.fragments.table4.charge(queue, piece);
  const size = end - offset + dataAt;
  queue.maxSize = Math.max(queue.maxSize, size);
  if (ipv4.dontFragment(bytes, l3)) queue.maxDfSize = Math.max(queue.maxDfSize, size);
  queue.ecn |= 1 << ipv4.ecn(bytes, l3);
  if (offset === 0) queue.frameHeader = readFrameHeader(pkt);
  queue.iif = pkt.iif;
  queue.cause = pkt.cause;
  if (queue.isWhole) return assemble(host, queue, pkt);
  host.drop(pkt, DropReason.FRAGMENT_QUEUED);
  return Verdict.STOLEN;
}

function assemble(host: Host, queue: FragmentQueue, pkt: PacketBuffer): number {
  const first = queue.first!;
  const ecn = joinEcn(queue.ecn);
  const total = first.dataAt + queue.length;
  host.fragments.table4.remove(queue);
  if (ecn < 0 || total > ipv4.MAX_LENGTH) return refuse(host, pkt, DropReason.FRAGMENT_BAD);
  const bytes = new Uint8Array(HEAD_ROOM + total);
  bytes.set(first.bytes.subarray(0, first.dataAt), HEAD_ROOM);
  const data = HEAD_ROOM + first.dataAt;
  for (const piece of queue.pieces) bytes.set(piece.bytes.subarray(piece.dataAt), data + piece.offset);
  bytes[HEAD_ROOM + 1] = bytes[HEAD_ROOM + 1]! | ecn;
  writeU16(bytes, HEAD_ROOM + 2, total);
  // Path MTU discovery by fragments (all of the largest had DF): the datagram gets it, and its fragments will.
  writeU16(bytes, HEAD_ROOM + 6, queue.maxDfSize === queue.maxSize ? ipv4.FLAG_DF : 0);
  ipv4.fillChecksum(bytes, HEAD_ROOM);
  host.fragments.rememberPieces(
    bytes,
    Int32Array.from(queue.pieces, (piece) => piece.end - piece.offset),
  );
  moveTo(pkt, bytes, ETH_P_IP, queue.frameHeader);
  pkt.packetType = first.packetType;
  pkt.fragMaxSize = Math.max(queue.maxSize, queue.maxDfSize);
  return Verdict.ACCEPT;
}

function refuse(host: Host, pkt: PacketBuffer, reason: number): number {
  host.drop(pkt, reason);
  return Verdict.DROP;
}

/** ip_expire: the sender is told when the first fragment came, and when the datagram was for this host. */
export function expire4(host: Host, queue: FragmentQueue): void {
  host.countDrop(DropReason.FRAGMENT_TIMEOUT);
  const first = queue.first;
  const device = host.devices.at(queue.iif);
  if (first === undefined || device === undefined || host.isPassive) return;
  const pkt = new PacketBuffer(first.bytes, 0, first.bytes.length);
  dissectNetwork(pkt, ETH_P_IP);
  pkt.iif = queue.iif;
  pkt.cause = queue.cause;
  pkt.packetType = first.packetType;
  if (host.addressType(4, pkt.dst0, 0, 0, 0, 0) !== AddressType.LOCAL) return;
  host.icmp4.error(pkt, icmp.TIME_EXCEEDED, icmp.FRAG_TIME_EXCEEDED, 0);
}
