/**
 * A segment that arrived, as the state machine reads it: the fields of its header and of the options that matter after the
 * handshake and in it. One instance is reused for all; the data stay in the packet.
 */
import { readI32 } from '../../wire/bytes.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as tcpOptions from '../../wire/tcp-options.ts';
import { OPTION_END, OPTION_NOP } from '../../wire/tcp-options.ts';

/** NOP, NOP, timestamps: how nearly every stack lays them out (RFC 7323 appendix A). */
const ALIGNED_TIMESTAMPS = 0x0101080a;
const HEADER_WITH_TIMESTAMPS = tcp.HEADER_LENGTH + 12;
/** Of the two bits of ECN (RFC 3168). */
export const ECN_MASK = 3;
export const ECN_CE = 3;

export class Segment {
  pkt!: PacketBuffer;
  bytes: Uint8Array = new Uint8Array(0);
  seq = 0;
  /** One past the last sequence number it takes. */
  endSeq = 0;
  ack = 0;
  flags = 0;
  /** As it stands in the header. */
  window = 0;
  urgentPointer = 0;
  /** Where its data stand in `bytes`. */
  dataStart = 0;
  dataEnd = 0;
  /** The ECN bits of the IP header. */
  ecn = 0;
  hasTimestamps = false;
  tsValue = 0;
  tsEcho = 0;
  /** Offset of a SACK option with at least one block, or -1. */
  sackAt = -1;
  // Options of a SYN: -1 when absent.
  mss = -1;
  windowScale = -1;
  sackPermitted = false;

  /** Reads header and options; the packet has been checked (wire/tcp.ts `check`). */
  read(pkt: PacketBuffer): void {
    const { bytes, l4, l3 } = pkt;
    const header = tcp.headerLength(bytes, l4);
    this.pkt = pkt;
    this.bytes = bytes;
    this.seq = tcp.seq(bytes, l4);
    this.ack = tcp.ack(bytes, l4);
    this.flags = bytes[l4 + 13]!;
    this.window = tcp.window(bytes, l4);
    this.urgentPointer = tcp.urgentPointer(bytes, l4);
    this.dataStart = l4 + header;
    this.dataEnd = pkt.l3End;
    const counted = (this.flags & tcp.SYN ? 1 : 0) + (this.flags & tcp.FIN ? 1 : 0);
    this.endSeq = (this.seq + counted + this.dataEnd - this.dataStart) | 0;
    this.ecn = (pkt.family === 4 ? ipv4.tos(bytes, l3) : ipv6.trafficClass(bytes, l3)) & ECN_MASK;
    this.hasTimestamps = false;
    this.sackAt = -1;
    this.mss = -1;
    this.windowScale = -1;
    this.sackPermitted = false;
    if (header === HEADER_WITH_TIMESTAMPS && readI32(bytes, l4 + tcp.HEADER_LENGTH) === ALIGNED_TIMESTAMPS) {
      this.takeTimestamps(l4 + tcp.HEADER_LENGTH + 2);
    } else if (header > tcp.HEADER_LENGTH) {
      this.readOptions(l4 + tcp.HEADER_LENGTH, this.dataStart);
    }
  }

  get dataLength(): number {
    return this.dataEnd - this.dataStart;
  }

  private takeTimestamps(at: number): void {
    this.hasTimestamps = true;
    this.tsValue = tcpOptions.timestampValue(this.bytes, at);
    this.tsEcho = tcpOptions.timestampEcho(this.bytes, at);
  }

  private readOptions(start: number, end: number): void {
    const { bytes } = this;
    let at = start;
    while (at < end) {
      const kind = bytes[at]!;
      if (kind === OPTION_END) return;
      if (kind === OPTION_NOP) {
        at++;
        continue;
      }
      if (at + 1 >= end) return;
      const length = bytes[at + 1]!;
      if (length < 2 || at + length > end) return;
      this.takeOption(kind, at, length);
      at += length;
    }
  }

  private takeOption(kind: number, at: number, length: number): void {
    switch (kind) {
      case tcpOptions.TIMESTAMPS:
        if (length === tcpOptions.TIMESTAMPS_LENGTH) this.takeTimestamps(at);
        return;
      case tcpOptions.SACK:
        if (length >= 10 && (length - 2) % 8 === 0) this.sackAt = at;
        return;
      case tcpOptions.MSS:
        if (length === tcpOptions.MSS_LENGTH) this.mss = (this.bytes[at + 2]! << 8) | this.bytes[at + 3]!;
        return;
      case tcpOptions.WINDOW_SCALE:
        if (length === tcpOptions.WINDOW_SCALE_LENGTH)
          this.windowScale = Math.min(this.bytes[at + 2]!, tcpOptions.MAX_WINDOW_SCALE);
        return;
      case tcpOptions.SACK_PERMITTED:
        this.sackPermitted = length === tcpOptions.SACK_PERMITTED_LENGTH;
        return;
      default:
    }
  }
}
