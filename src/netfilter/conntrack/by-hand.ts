/**
 * Connections made and changed by a program (`conntrack -I`, `-U`), not by packets. Linux: ctnetlink, by observation. What a
 * connection is made with is checked as the kernel checks it: it refuses what it would not have made of a packet itself.
 */
import { IPPROTO_SCTP, IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { Conntrack } from './conntrack.ts';
import { CtStatus } from './ct-info.ts';
import { LABEL_COUNT } from './labels.ts';
import { PROTO_OCTETS } from './record.ts';
import { setSctpTag } from './sctp.ts';
import type { Tuple } from './tuple.ts';

const US_PER_SECOND = 1_000_000;

/** Refusals under the names of the kernel's error codes. */
export const ByHand = {
  OK: 0,
  EXISTS: 1,
  INVALID: 2,
  BUSY: 3,
  UNSUPPORTED: 4,
  FULL: 5,
  RANGE: 6,
  NO_ROOM: 7,
} as const;
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
  /** For which there may be no room: then it has none. */
  readonly labels: readonly number[];
}

export function createConnection(conntrack: Conntrack, words: ConnectionWords): ByHand {
  const { connections } = conntrack;
  const { original, reply, status } = words;
  if (status & CtStatus.EXPECTED) return ByHand.BUSY;
  if (words.labels.some((label) => label >= LABEL_COUNT)) return ByHand.RANGE;
  if (conntrack.find(original) !== 0 || conntrack.find(reply) !== 0) return ByHand.EXISTS;
  const entry = connections.allocate(original, reply, conntrack.limit);
  if (entry === 0) return ByHand.FULL;
  connections.setDeadline(entry, words.timeoutSeconds * US_PER_SECOND);
  connections.status[entry] = connections.status[entry]! | status | natDone(status);
  connections.mark[entry] = words.mark;
  setState(conntrack, entry, words.state);
  if (original.proto === IPPROTO_SCTP) words.tags.forEach((tag, i) => setSctpTag(connections, entry, i, tag));
  for (const label of words.labels) conntrack.setLabel(entry, label);
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
  readonly labels: LabelChange | null;
}

export interface LabelChange {
  readonly what: 'add' | 'remove';
  /** To remove none is to remove all. */
  readonly numbers: readonly number[];
}

/** Whether the changes say anything that is not so yet. */
export function isNews({ connections, labels }: Conntrack, entry: number, changes: Changes): boolean {
  const { timeoutSeconds, status, mark, labels: changed } = changes;
  if (timeoutSeconds !== null) return true;
  if (status !== null && (connections.status[entry]! & status) !== status) return true;
  if (mark !== null && markAfter(connections.mark[entry]!, mark) !== connections.mark[entry]) return true;
  return changed !== null && (changed.what === 'add' || labels.of(entry).length > 0);
}

/** OK, or what became of the labels when all else was done. */
export function updateConnection(conntrack: Conntrack, entry: number, changes: Changes): ByHand {
  const { connections } = conntrack;
  const { timeoutSeconds, status, mark, labels } = changes;
  if (timeoutSeconds !== null) connections.setTimeout(entry, timeoutSeconds * US_PER_SECOND);
  if (status !== null) connections.status[entry] = connections.status[entry]! | status;
  if (mark !== null) connections.mark[entry] = markAfter(connections.mark[entry]!, mark);
  const outcome = labels === null ? ByHand.OK : updateLabels(conntrack, entry, labels);
  conntrack.tellChanged(entry);
  return outcome;
}

function markAfter(before: number, { value, mask }: { value: number; mask: number }): number {
  return (before & ~mask) ^ value;
}

function updateLabels({ labels }: Conntrack, entry: number, { what, numbers }: LabelChange): ByHand {
  if (!labels.hasRoom(entry)) return ByHand.NO_ROOM;
  if (what === 'add') for (const label of numbers) labels.set(entry, label);
  else for (const label of numbers.length === 0 ? labels.of(entry) : numbers) labels.clear(entry, label);
  return ByHand.OK;
}

function setState({ connections }: Conntrack, entry: number, state: number): void {
  const proto = connections.tuples.kind(entry * 2) & 0xff;
  if (proto === IPPROTO_TCP || proto === IPPROTO_SCTP) connections.octets[entry * PROTO_OCTETS] = state;
}
