/**
 * From a record of a capture that was taken elsewhere to a packet that the gateway can be given: out of its VLAN tags and
 * its link header, filled up where the snap length cut it, its checksums repaired. Shared by the drivers that do not take
 * frames as they are.
 */
import { LinkHeader, LinkType, type CaptureRecord } from '../../capture/index.ts';
import { dissectNetwork } from '../../wire/dissect.ts';
import { ChecksumState, PacketType, type PacketBuffer } from '../../wire/packet-buffer.ts';
import { Repair, repairChecksums, repairNotes } from '../repair.ts';
import { dissectRecord } from '../side-finder.ts';
import { FrameBuffer, UNKNOWN_SENDER } from './frame-buffer.ts';

const ETHERNET_HEADER = 14;
/** Longer datagrams were never on a wire in one piece. */
const USUAL_MTU = 1500;

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
   * Fills `pkt` with the record's packet behind an Ethernet header whose addresses are still to be set (`address`).
   * False when there is no IP in it.
   */
  take(record: CaptureRecord, pkt: PacketBuffer): boolean {
    this.done = Repair.NONE;
    this.untagged = false;
    if (!dissectRecord(record, this.header, pkt)) return false;
    const { etherType } = pkt;
    this.untagged = pkt.vlanTci >= 0;
    const cut = record.originalLength > record.end - record.start;
    if (cut) this.done |= Repair.CUT;
    const lost = cut ? record.originalLength - (record.end - record.start) : 0;
    // An Ethernet frame without tags stays where it is; all others are copied behind a header of their own.
    if (cut || this.untagged || record.linkType !== LinkType.Ethernet)
      this.move(record, pkt, lost, etherType);
    if (pkt.l3End - pkt.l3 > USUAL_MTU) this.done |= Repair.OFFLOADED;
    if (cut) pkt.checksumState = ChecksumState.GOOD;
    if (this.repairs) this.done |= repairChecksums(pkt, cut);
    return true;
  }

  notes(): string[] {
    return [...(this.untagged ? ['VLAN tags taken off'] : []), ...repairNotes(this.done)];
  }

  private move(record: CaptureRecord, pkt: PacketBuffer, lost: number, etherType: number): void {
    const { l3, end } = pkt;
    const from = pkt.bytes;
    const length = end - l3 + lost;
    const { frame, start } = this.buffer.ofLength(length);
    frame.set(from.subarray(l3, end), start + ETHERNET_HEADER);
    if (lost > 0) frame.fill(0, start + ETHERNET_HEADER + (end - l3), start + ETHERNET_HEADER + length);
    frame.set(
      record.linkType === LinkType.Ethernet ? from.subarray(record.start, record.start + 12) : NO_ADDRESSES,
      start,
    );
    frame[start + 12] = etherType >>> 8;
    frame[start + 13] = etherType;
    pkt.reset(frame, start, start + ETHERNET_HEADER + length);
    pkt.l2 = start;
    pkt.l3 = start + ETHERNET_HEADER;
    dissectNetwork(pkt, etherType);
  }
}

const NO_ADDRESSES = Uint8Array.of(0, 0, 0, 0, 0, 0, ...UNKNOWN_SENDER);

/** Addresses the frame to the gateway, unless it is for a group or for all: those keep the address that they have. */
export function addressTo(pkt: PacketBuffer, mac: Uint8Array): void {
  const { bytes, start } = pkt;
  if ((bytes[start]! & 1) !== 0) return;
  if (pkt.family === 4 && pkt.dst0 === -1) {
    bytes.fill(0xff, start, start + 6);
    return;
  }
  const group = groupAddress(pkt);
  for (let i = 0; i < 6; i++) bytes[start + i] = (group ?? mac)[i]!;
  pkt.packetType = group === null ? PacketType.HOST : PacketType.MULTICAST;
}

/** The Ethernet group address of a multicast destination (RFC 1112 6.4, RFC 2464 7); null for any other destination. */
function groupAddress(pkt: PacketBuffer): Uint8Array | null {
  if (pkt.family === 4 && pkt.dst0 >>> 28 === 14) {
    return Uint8Array.of(1, 0, 0x5e, (pkt.dst0 >>> 16) & 0x7f, pkt.dst0 >>> 8, pkt.dst0);
  }
  if (pkt.family === 6 && pkt.dst0 >>> 24 === 0xff) {
    return Uint8Array.of(0x33, 0x33, pkt.dst3 >>> 24, pkt.dst3 >>> 16, pkt.dst3 >>> 8, pkt.dst3);
  }
  return null;
}
