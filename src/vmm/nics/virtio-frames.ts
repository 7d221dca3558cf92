/**
 * Frames for a device that cuts large TCP segments itself: each behind the header that virtio has for it, and segments that follow
 * one another made one (Linux: GRO), so that one call carries up to 64 KiB. At an MTU of 1500 a call for each was more than half
 * of all work (bench namespace).
 *
 *     add ── the next segment of the same flow? ── yes ─► behind the one that waits
 *                              └─ no ─► the one that waits leaves; this one waits, or leaves, if nothing can follow it
 *
 * Only what the device cuts into the very same frames is joined: segments of one length whose headers differ by what a cutter
 * counts on (sequence number, identification, lengths, checksums), and whose checksums are right.
 *
 * Source: virtio 1.2, 5.1.6 (struct virtio_net_hdr as tun has it: ten bytes, of the machine's own order); Linux, what
 * Documentation/networking/segmentation-offloads.rst says of TSO, and of GRO that it must be undone exactly.
 */
import { copyBytes, equalBytes, readU16, writeU16 } from '../../wire/bytes.ts';
import { fold, sum } from '../../wire/checksum.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import * as tcp from '../../wire/tcp.ts';

/** Takes what is to be written: the header and one frame, which stands for `frames`. The bytes are lent for the call. */
export type VirtioWriter = (bytes: Uint8Array, start: number, end: number, frames: number) => void;

export const VIRTIO_HEADER = 10;
const NEEDS_CHECKSUM = 1;
const TCP_4 = 1;
const TCP_6 = 4;
const L3 = ethernet.HEADER_LENGTH;
/** Only the last segment that is joined may say more. */
const LAST_FLAGS = tcp.PSH | tcp.FIN;
/** Of one that is longer there is no second within a datagram. */
const MOST_PAYLOAD = ipv4.MAX_LENGTH >>> 1;
const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export class VirtioFrames {
  private readonly write: VirtioWriter;
  /** The frame that waits, behind its header. */
  private readonly room: Uint8Array;
  private readonly fields: DataView;
  private readonly kept = new Uint8Array(VIRTIO_HEADER);
  /** Bytes of the frame that waits; 0 for none. */
  private length = 0;
  private frames = 0;
  /** Of the first of those that were joined. */
  private payload = 0;
  private nextSeq = 0;
  private nextId = 0;
  /** Of the frame that `isSegment` looked at last: its TCP header, and its data. */
  private l4 = 0;
  private dataAt = 0;

  constructor(maxFrameBytes: number, write: VirtioWriter) {
    this.write = write;
    this.room = new Uint8Array(VIRTIO_HEADER + maxFrameBytes);
    this.fields = new DataView(this.room.buffer);
  }

  /** True when something waits for more, so that `flush` is due. */
  get isWaiting(): boolean {
    return this.length !== 0;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const canBeJoined = this.isSegment(bytes, start, end);
    if (canBeJoined && this.follows(bytes, start, end)) return this.join(bytes, start, end);
    this.flush();
    const waits = canBeJoined && (bytes[start + this.l4 + 13]! & LAST_FLAGS) === 0;
    if (!waits && start >= VIRTIO_HEADER) return this.writeInPlace(bytes, start, end);
    this.begin(bytes, start, end);
    if (!waits) this.flush();
  }

  flush(): void {
    const { length, frames } = this;
    if (length === 0) return;
    this.room.fill(0, 0, VIRTIO_HEADER);
    if (frames > 1) this.describe();
    this.length = 0;
    this.write(this.room, 0, VIRTIO_HEADER + length, frames);
  }

  /** Where the lender's memory has room before the frame, its bytes are put aside: nothing large is copied. */
  private writeInPlace(bytes: Uint8Array, start: number, end: number): void {
    const at = start - VIRTIO_HEADER;
    copyBytes(bytes, at, this.kept, 0, VIRTIO_HEADER);
    bytes.fill(0, at, start);
    this.write(bytes, at, end, 1);
    copyBytes(this.kept, 0, bytes, at, VIRTIO_HEADER);
  }

  // ── One after the other ─────────────────────────────────────────────────────────────────────────────────────

  private begin(bytes: Uint8Array, start: number, end: number): void {
    this.room.set(bytes.subarray(start, end), VIRTIO_HEADER);
    this.length = end - start;
    this.frames = 1;
    this.payload = this.length - this.dataAt;
    this.nextSeq = (tcp.seq(bytes, start + this.l4) + this.payload) | 0;
    this.nextId = (ipv4.id(bytes, start + L3) + 1) & 0xffff;
  }

  private join(bytes: Uint8Array, start: number, end: number): void {
    const dataAt = start + this.dataAt;
    const flagsAt = this.l4 + 13;
    this.room.set(bytes.subarray(dataAt, end), VIRTIO_HEADER + this.length);
    this.room[VIRTIO_HEADER + flagsAt] = bytes[start + flagsAt]!;
    this.length += end - dataAt;
    this.frames++;
    this.nextSeq = (this.nextSeq + end - dataAt) | 0;
    this.nextId = (this.nextId + 1) & 0xffff;
    // The last one may be shorter, and nothing comes behind it.
    if (end - dataAt < this.payload || (bytes[start + flagsAt]! & LAST_FLAGS) !== 0) this.flush();
  }

  /** Data of an established connection, whole and right. */
  private isSegment(bytes: Uint8Array, start: number, end: number): boolean {
    const l3 = start + L3;
    if (end - l3 < ipv4.HEADER_LENGTH + tcp.HEADER_LENGTH) return false;
    const family = familyOf(bytes, start, end);
    if (family === 0) return false;
    this.l4 = L3 + (family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH);
    const l4 = start + this.l4;
    if (end - l4 < tcp.HEADER_LENGTH) return false;
    const dataAt = l4 + tcp.headerLength(bytes, l4);
    this.dataAt = dataAt - start;
    const payload = end - dataAt;
    if (dataAt < l4 + tcp.HEADER_LENGTH || payload <= 0 || payload > MOST_PAYLOAD) return false;
    if ((tcp.flags12(bytes, l4) & ~LAST_FLAGS) !== tcp.ACK) return false;
    return fold(sum(bytes, l4, end, pseudoSum(bytes, l3, l4, end - l4))) === 0xffff;
  }

  /** The same headers as those of the frame that waits, and just behind it. */
  private follows(bytes: Uint8Array, start: number, end: number): boolean {
    const { room, l4, dataAt } = this;
    const same = (at: number, to: number) => equalBytes(room, VIRTIO_HEADER + at, bytes, start + at, to - at);
    const payload = end - start - dataAt;
    if (this.length === 0 || payload > this.payload) return false;
    if (this.length - L3 + payload > ipv4.MAX_LENGTH) return false;
    // Hardware addresses, type, the first two bytes of IP; then both headers, but for what is counted up or computed.
    if (!same(0, L3 + 2)) return false;
    if (readU16(bytes, start + ethernet.HEADER_LENGTH - 2) === ETH_P_IP) {
      if (ipv4.id(bytes, start + L3) !== this.nextId) return false;
      if (!same(L3 + 6, L3 + 10) || !same(L3 + 12, l4)) return false;
    } else if (!same(L3 + 2, L3 + 4) || !same(L3 + 6, l4)) return false;
    if ((tcp.seq(bytes, start + l4) | 0) !== this.nextSeq) return false;
    return same(l4, l4 + 4) && same(l4 + 8, l4 + 13) && same(l4 + 14, l4 + 16) && same(l4 + 18, dataAt);
  }

  /** What a card is told of a segment that it is to cut: lengths of the whole, and the pseudo header's sum for a checksum. */
  private describe(): void {
    const { room, fields, length, payload } = this;
    const l3 = VIRTIO_HEADER + L3;
    const end = VIRTIO_HEADER + length;
    const is4 = readU16(room, VIRTIO_HEADER + L3 - 2) === ETH_P_IP;
    const l4 = l3 + (is4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH);
    if (is4) {
      writeU16(room, l3 + 2, end - l3);
      ipv4.fillChecksum(room, l3);
    } else ipv6.setPayloadLength(room, l3, end - l4);
    writeU16(room, l4 + tcp.CHECKSUM_AT, fold(pseudoSum(room, l3, l4, end - l4)));
    room[0] = NEEDS_CHECKSUM;
    room[1] = is4 ? TCP_4 : TCP_6;
    fields.setUint16(2, l4 + tcp.headerLength(room, l4) - VIRTIO_HEADER, IS_LITTLE);
    fields.setUint16(4, payload, IS_LITTLE);
    fields.setUint16(6, l4 - VIRTIO_HEADER, IS_LITTLE);
    fields.setUint16(8, tcp.CHECKSUM_AT, IS_LITTLE);
  }
}

/** Of a frame that is nothing but an IP header without options, whole and right, and TCP behind it; else 0. */
function familyOf(bytes: Uint8Array, start: number, end: number): number {
  const l3 = start + L3;
  switch (ethernet.type(bytes, start)) {
    case ETH_P_IP: {
      const isPlain = bytes[l3] === 0x45 && ipv4.totalLength(bytes, l3) === end - l3;
      const isWhole = (ipv4.fragWord(bytes, l3) & ~ipv4.FLAG_DF) === 0;
      const isRight = isPlain && isWhole && ipv4.protocol(bytes, l3) === IPPROTO_TCP;
      return isRight && ipv4.checksumOk(bytes, l3) ? 4 : 0;
    }
    case ETH_P_IPV6: {
      const length = end - l3 - ipv6.HEADER_LENGTH;
      const isPlain = ipv6.version(bytes, l3) === 6 && ipv6.payloadLength(bytes, l3) === length;
      return isPlain && ipv6.nextHeader(bytes, l3) === IPPROTO_TCP ? 6 : 0;
    }
    default:
      return 0;
  }
}

/** Of the pseudo header, which begins with both addresses: the last thing before the TCP header. */
function pseudoSum(bytes: Uint8Array, l3: number, l4: number, length: number): number {
  const addresses = l4 - l3 === ipv4.HEADER_LENGTH ? 8 : 32;
  return sum(bytes, l4 - addresses, l4, IPPROTO_TCP + length);
}
