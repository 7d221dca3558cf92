/**
 * From a record of a capture that was taken elsewhere to a packet that the gateway can be given: out of its VLAN tags and
 * its link header, filled up where the snap length cut it, its checksums repaired. Shared by the drivers that do not take
 * frames as they are.
 */
import { LinkHeader, LinkType, type CaptureRecord } from '../../capture/index.ts';
import { dissectNetwork } from '../../wire/dissect.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { Repair, repairChecksums, repairNotes } from '../repair.ts';
import { dissectRecord } from '../side-finder.ts';
import { FrameBuffer, HEADROOM, UNKNOWN_SENDER } from './frame-buffer.ts';

const ETHERNET_HEADER = 14;
const MAC_LENGTH = 6;
/** Longer TCP segments were never on a wire in one piece: a network card cut them, or put them together. */
const USUAL_MTU = 1500;

/** The longest datagram there is: a record that claims to have been longer needs no more memory. */
const LONGEST_PACKET = 40 + 65535;

export class CapturedPacket {
  private readonly header = new LinkHeader();
  private readonly buffer = new FrameBuffer();
  private readonly repairs: boolean;
  private done: number = Repair.NONE;
  private untagged = false;

  constructor(repairs: boolean) {
    this.repairs = repairs;
  }

  /**
   * Fills `pkt` with the record's packet behind an Ethernet header whose destination is still to be set (`addressTo`).
   * False when there is no IP in it.
   */
  take(record: CaptureRecord, pkt: PacketBuffer): boolean {
    this.done = Repair.NONE;
    this.untagged = false;
    if (!dissectRecord(record, this.header, pkt)) return false;
    const captured = record.end - record.start;
    const lost = record.originalLength > captured ? record.originalLength - captured : 0;
    this.untagged = pkt.vlanTci >= 0;
    // An Ethernet frame without tags stays where it is; all others are copied behind a header of their own.
    if (lost > 0 || this.untagged || record.linkType !== LinkType.Ethernet) this.move(record, pkt, lost);
    if (lost > 0) {
      this.done |= Repair.CUT;
      pkt.checksumState = ChecksumState.GOOD;
    }
    if (this.repairs) this.done |= repairChecksums(pkt, lost > 0);
    return true;
  }

  /** What the packet's length means on an interface of that MTU: a TCP segment that is longer is several in one. */
  fitTo(pkt: PacketBuffer, interfaceMtu: number): void {
    const mtu = interfaceMtu < USUAL_MTU ? interfaceMtu : USUAL_MTU;
    const length = pkt.l3End - pkt.l3;
    if (length <= mtu || pkt.proto !== IPPROTO_TCP || pkt.l4Ok === 0 || pkt.fragOffset !== 0) return;
    const headers = pkt.l4 - pkt.l3 + tcp.headerLength(pkt.bytes, pkt.l4);
    if (headers >= mtu) return;
    pkt.gsoSize = mtu - headers;
    this.done |= length > USUAL_MTU ? Repair.OFFLOADED : Repair.TOO_LONG;
  }

  notes(): string[] {
    return [...(this.untagged ? ['VLAN tags taken off'] : []), ...repairNotes(this.done)];
  }

  private move(record: CaptureRecord, pkt: PacketBuffer, lost: number): void {
    const { bytes, l3, end, etherType } = pkt;
    const length = Math.max(end - l3, Math.min(end - l3 + lost, LONGEST_PACKET));
    const frame = this.buffer.ofLength(length);
    const to = HEADROOM + ETHERNET_HEADER;
    for (let i = 0; i < end - l3; i++) frame[to + i] = bytes[l3 + i]!;
    if (lost > 0) frame.fill(0, to + end - l3, to + length);
    this.moveAddresses(record, frame);
    frame[HEADROOM + 12] = etherType >>> 8;
    frame[HEADROOM + 13] = etherType;
    pkt.reset(frame, HEADROOM, to + length);
    pkt.l2 = HEADROOM;
    pkt.l3 = to;
    dissectNetwork(pkt, etherType);
  }

  private moveAddresses(record: CaptureRecord, frame: Uint8Array): void {
    const isEthernet = record.linkType === LinkType.Ethernet;
    const { sourceAddress, sourceLength } = this.header;
    const sender = !isEthernet && sourceLength === MAC_LENGTH ? sourceAddress : UNKNOWN_SENDER;
    for (let i = 0; i < MAC_LENGTH; i++) {
      frame[HEADROOM + i] = isEthernet ? record.bytes[record.start + i]! : 0;
      frame[HEADROOM + MAC_LENGTH + i] = isEthernet
        ? record.bytes[record.start + MAC_LENGTH + i]!
        : sender[i]!;
    }
  }
}

/**
 * Addresses the frame to the gateway, or where the packet is for a group or for all, to these (RFC 1112 6.4, RFC 2464 7).
 * A frame that was sent to many keeps its address.
 */
export function addressTo(pkt: PacketBuffer, mac: Uint8Array): void {
  const { bytes, start } = pkt;
  if ((bytes[start]! & 1) !== 0) return;
  if (pkt.family === 4 && pkt.dst0 === -1) bytes.fill(0xff, start, start + MAC_LENGTH);
  else if (pkt.family === 4 && pkt.dst0 >>> 28 === 14)
    addressToGroup(pkt, 0x0100, 0x5e000000 | (pkt.dst0 & 0x7fffff));
  else if (pkt.family === 6 && pkt.dst0 >>> 24 === 0xff) addressToGroup(pkt, 0x3333, pkt.dst3);
  else for (let i = 0; i < MAC_LENGTH; i++) bytes[start + i] = mac[i]!;
}

function addressToGroup({ bytes, start }: PacketBuffer, high: number, low: number): void {
  bytes[start] = high >>> 8;
  bytes[start + 1] = high;
  bytes[start + 2] = low >>> 24;
  bytes[start + 3] = low >>> 16;
  bytes[start + 4] = low >>> 8;
  bytes[start + 5] = low;
}
