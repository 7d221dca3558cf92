/** The SYN to the server, for a segment with which a client acknowledges its cookie (Linux: synproxy_recv_client_ack). */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import type { CtTemplate } from '../conntrack/view.ts';
import { Offer } from './handshake-options.ts';
import type { HandshakeServices, ProxySegment } from './segment.ts';

/** What both ends of a new connection set when they can do ECN (RFC 3168). */
export const ECN_SETUP = tcp.ECE | tcp.CWR;

/** Connections that it begins are in no zone, and nobody else's. */
export const PROXIED: CtTemplate = {
  zoneOriginal: 0,
  zoneReply: 0,
  zoneFromMark: false,
  helper: null,
  timeout: null,
  events: 0,
  expectEvents: 0,
  proxied: true,
};

/**
 * `segment` holds the options of the client's, and `seq` follows the number that the server is to see. False where no
 * cookie is acknowledged.
 */
export function openToServer(
  host: HandshakeServices,
  pkt: PacketBuffer,
  segment: ProxySegment,
  seq: number,
  template: number,
): boolean {
  const mss = host.sizeInCookie(pkt);
  if (mss === 0) return false;
  const { options } = segment;
  const { bytes, l4 } = pkt;
  options.mss = mss;
  options.has |= Offer.MSS;
  if (options.has & Offer.TIMESTAMP) options.findInTimestamp();
  segment.isAnswer = false;
  segment.seq = (seq - 1) | 0;
  segment.ack = (tcp.ack(bytes, l4) - 1) | 0;
  segment.flags = tcp.SYN | (options.has & Offer.ECN ? ECN_SETUP : 0);
  segment.window = tcp.window(bytes, l4);
  segment.ct = template;
  host.send(pkt, segment);
  return true;
}
