/**
 * A segment that SYNPROXY sends in the name of one end to the other, and what it asks of the host for that. One of each
 * is filled again and again.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { HandshakeOptions } from './handshake-options.ts';

export class ProxySegment {
  /** Goes back to where the packet that causes it comes from; else on to where that was going. */
  isAnswer = false;
  seq = 0;
  ack = 0;
  flags = 0;
  window = 0;
  readonly options = new HandshakeOptions();
  /**
   * `PacketBuffer.ct` that it begins its way with: a connection, of which it is an answer; a template, of which it begins
   * one; or 0.
   */
  ct = 0;
}

/** The host's TCP, as far as SYNPROXY needs it. */
export interface HandshakeServices {
  /** Initial sequence number of the answer to a SYN: a cookie that says a segment size of `mss` or less. */
  cookieFor(syn: PacketBuffer, mss: number): number;
  /** The segment size in the cookie that an ACK acknowledges; 0 where it acknowledges none, or an old one. */
  sizeInCookie(ack: PacketBuffer): number;
  /** Sends the segment on the way of the host's own packets. */
  send(cause: PacketBuffer, segment: ProxySegment): void;
}
