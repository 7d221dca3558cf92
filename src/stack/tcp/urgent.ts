/**
 * Urgent data (RFC 9293 3.8.5, RFC 6093): the byte that the urgent pointer points behind is taken out of the stream and kept
 * for the application, unless it wants it inline. Linux's reading of the pointer is BSD's (net.ipv4.tcp_stdurg 0).
 */
import * as tcp from '../../wire/tcp.ts';
import type { Connection } from './connection.ts';
import { Event } from './terms.ts';
import type { Segment } from './segment.ts';

export const Urgent = { NONE: 0, ANNOUNCED: 1, HERE: 2, READ: 3 } as const;

/** The pointer of a segment, before its data are taken. */
export function takeUrgentPointer(c: Connection, segment: Segment): void {
  if ((segment.flags & tcp.URG) === 0 || segment.urgentPointer === 0) return;
  const at = (segment.seq + segment.urgentPointer - 1) | 0;
  // Already read, or an older pointer than the one known.
  if (((c.received.copied - at) | 0) > 0 || ((c.received.next - at) | 0) > 0) return;
  if (c.urgentState !== Urgent.NONE && ((at - c.urgentSeq) | 0) <= 0) return;
  c.urgentSeq = at;
  c.urgentState = Urgent.ANNOUNCED;
  c.tcp.announcements.notify(c, Event.URGENT);
}

/** After the data: the urgent byte may be among them. */
export function takeUrgentByte(c: Connection): void {
  if (c.urgentState !== Urgent.ANNOUNCED || ((c.received.next - c.urgentSeq) | 0) <= 0) return;
  c.urgentState = Urgent.HERE;
  c.urgentByte = c.received.byteAt(c.urgentSeq);
  c.tcp.announcements.notify(c, Event.URGENT);
}

/** Bytes that may be read before the mark: reading never crosses it (SO_OOBINLINE aside, the byte is skipped). */
export function readableBytes(c: Connection): number {
  const { received } = c;
  if (c.urgentState === Urgent.NONE || c.urgentInline) return received.unread;
  if (received.copied === c.urgentSeq && received.unread > 0) {
    received.consume(1);
    c.urgentState = Urgent.NONE;
    return received.unread;
  }
  const before = (c.urgentSeq - received.copied) | 0;
  return before < 0 ? received.unread : Math.min(received.unread, before);
}
