/** How much `write` takes (Linux: tcp_sndbuf_expand, sk_stream_is_writeable): two windows' worth, within tcp_wmem. */
import type { Connection } from './connection.ts';
import { Event, INITIAL_WINDOW } from './terms.ts';

/** The send buffer follows the congestion window. */
export function growSendBuffer(c: Connection): void {
  const { tcp } = c;
  if (c.userSendBuffer !== 0 || tcp.isShortOfMemory) return;
  const segments = Math.max(INITIAL_WINDOW, c.cwnd, c.reordering + 1);
  const wanted = Math.min(2 * segments * c.mss, tcp.settings.wmem[2]);
  if (wanted > c.sendBuffer) c.sendBuffer = wanted;
}

export function sendRoom(c: Connection): number {
  const room = c.sendBuffer - c.unacked;
  const notSent = (c.writeSeq - c.sndNxt) | 0;
  return notSent >= c.tcp.settings.notSentLowWater ? 0 : room;
}

/** After an acknowledgement: a writer who was refused is called when a third of the buffer is free. */
export function wakeWriter(c: Connection): void {
  if (!c.wantsRoom) return;
  const used = c.unacked;
  if (sendRoom(c) < used >> 1) return;
  c.wantsRoom = false;
  c.tcp.announcements.notify(c, Event.WRITABLE);
}
