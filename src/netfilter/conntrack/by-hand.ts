/**
 * Connections made and changed by a program (`conntrack -I`, `-U`), not by packets. Linux: ctnetlink, by observation. What a
 * connection is made with is checked as the kernel checks it: it refuses what it would not have made of a packet itself.
 */
import { IPPROTO_SCTP, IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { Conntrack } from './conntrack.ts';
import { CtStatus } from './ct-info.ts';
import { PROTO_OCTETS } from './record.ts';
import { setSctpTag } from './sctp.ts';
import type { Tuple } from './tuple.ts';

const US_PER_SECOND = 1_000_000;

/** Refusals under the names of the kernel's error codes. */
export const ByHand = { OK: 0, EXISTS: 1, INVALID: 2, BUSY: 3, UNSUPPORTED: 4, FULL: 5 } as const;
export type ByHand = (typeof ByHand)[keyof typeof ByHand];

export interface ConnectionWords {
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly timeoutSeconds: number;
  /** CtStatus bits; the kernel adds CONFIRMED. */
  readonly status: number;
  readonly mark: number;
  /** Of TCP and SCTP; 0 otherwise. */
  readonly state: number;
  /** Verification tags of SCTP, by direction. */
  readonly tags: readonly [number, number];
}

export function createConnection(conntrack: Conntrack, words: ConnectionWords): ByHand {
  const { connections } = conntrack;
  const { original, reply, status } = words;
  if (status & CtStatus.EXPECTED) return ByHand.BUSY;
  if (conntrack.find(original) !== 0 || conntrack.find(reply) !== 0) return ByHand.EXISTS;
  const entry = connections.allocate(original, reply, conntrack.limit);
  if (entry === 0) return ByHand.FULL;
  connections.setDeadline(entry, words.timeoutSeconds * US_PER_SECOND);
  connections.status[entry] = connections.status[entry]! | status | natDone(status);
  connections.mark[entry] = words.mark;
  setState(conntrack, entry, words.state);
  if (original.proto === IPPROTO_SCTP) words.tags.forEach((tag, i) => setSctpTag(connections, entry, i, tag));
  connections.insert(entry, true);
  conntrack.stats.insert++;
  conntrack.tellConfirmed(entry);
  return ByHand.OK;
}

/** What was bound to a translation is not asked for another. */
function natDone(status: number): number {
  return (status & (CtStatus.SRC_NAT | CtStatus.DST_NAT)) === 0
    ? 0
    : CtStatus.SRC_NAT_DONE | CtStatus.DST_NAT_DONE;
}

export interface Changes {
  readonly timeoutSeconds: number | null;
  /** Bits to add. */
  readonly status: number | null;
  /** The mark becomes (mark & ~mask) ^ value. */
  readonly mark: { readonly value: number; readonly mask: number } | null;
  readonly state: number | null;
}

/** False when the change says nothing new. */
export function updateConnection(conntrack: Conntrack, entry: number, changes: Changes): boolean {
  const { connections } = conntrack;
  let isNew = changes.timeoutSeconds !== null;
  if (changes.timeoutSeconds !== null) {
    connections.setTimeout(entry, changes.timeoutSeconds * US_PER_SECOND);
  }
  if (changes.status !== null && (connections.status[entry]! & changes.status) !== changes.status) {
    isNew = true;
    connections.status[entry] = connections.status[entry]! | changes.status;
  }
  if (changes.mark !== null) {
    const mark = (connections.mark[entry]! & ~changes.mark.mask) ^ changes.mark.value;
    isNew ||= mark !== connections.mark[entry];
    connections.mark[entry] = mark;
  }
  if (changes.state !== null && connections.octets[entry * PROTO_OCTETS] !== changes.state) {
    isNew = true;
    setState(conntrack, entry, changes.state);
  }
  if (isNew) conntrack.tellChanged(entry);
  return isNew;
}

function setState({ connections }: Conntrack, entry: number, state: number): void {
  const proto = connections.tuples.kind(entry * 2) & 0xff;
  if (proto === IPPROTO_TCP || proto === IPPROTO_SCTP) connections.octets[entry * PROTO_OCTETS] = state;
}
