/** What ICMP says of segments that were sent: that they do not arrive (RFC 5461, 5927), or are too large (RFC 1191, 8201). */
import type { Connection } from './connection.ts';
import type { IcmpMeaning } from '../transport.ts';
import { NetError } from './errors.ts';
import { ALL_MARKS, LOST } from './flight.ts';
import { FlowKind, type Ends } from './flow.ts';
import { dropHandshake, type Handshake } from './handshake.ts';
import { retransmitLost, syncMss } from './output.ts';
import { isIn, OPENING } from './states.ts';
import type { Tcp } from './tcp.ts';
import { Phase } from './terms.ts';

const MIN_PATH_MTU_4 = 552;
const MIN_PATH_MTU_6 = 1280;

export function takeError(owner: Tcp, ends: Ends, seq: number, meaning: IcmpMeaning): void {
  const flow = owner.table.of(ends);
  if (flow === null || flow.kind === FlowKind.TIME_WAIT) return;
  if (flow.kind === FlowKind.HANDSHAKE) {
    const handshake = flow as Handshake;
    if (meaning.endsHandshake && seq === handshake.iss) dropHandshake(owner, handshake);
    return;
  }
  const c = flow as Connection;
  if (!isInFlight(c, seq)) return;
  owner.enter();
  // Linux: a connection that opens takes whatever it is told for the end, RFC 1122 4.2.3.9 or not.
  if (isIn(c.state, OPENING)) owner.end(c, meaning.code);
  else c.softError = new NetError(meaning.code);
  owner.leave();
}

export function takeTooBig(owner: Tcp, ends: Ends, seq: number, mtu: number): void {
  const flow = owner.table.of(ends);
  if (flow === null || flow.kind !== FlowKind.CONNECTION) return;
  const c = flow as Connection;
  if (!isInFlight(c, seq) || mtu >= c.pathMtu) return;
  owner.enter();
  c.pathMtu = Math.max(mtu, c.family === 4 ? Math.min(MIN_PATH_MTU_4, c.pathMtu) : MIN_PATH_MTU_6);
  syncMss(c);
  resend(c);
  owner.leave();
}

/** Only somebody who saw our segments can name such a number (RFC 5927 4.1). */
export function isInFlight(c: Connection, seq: number): boolean {
  return ((seq - c.sndUna) | 0) >= 0 && ((seq - c.sndNxt) | 0) <= 0;
}

/** What was sent too large was lost, but not to congestion: again, in smaller segments, with the same window. */
function resend(c: Connection): void {
  const { flight } = c;
  let isAny = false;
  for (let index = 0; index < flight.count; index++) {
    const length = (flight.end(index) - flight.start(index)) | 0;
    if (length <= c.mss || (flight.flags(index) & ALL_MARKS) !== 0) continue;
    flight.mark(index, LOST);
    c.lostOut++;
    isAny = true;
  }
  if (!isAny) return;
  c.highSeq = c.sndNxt;
  if (c.phase < Phase.LOSS) c.phase = Phase.LOSS;
  c.isFrto = false;
  retransmitLost(c);
}
