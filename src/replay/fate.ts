/** What can become of a frame, in one word each, and which ends count as what verdict. */
import { decisionTable } from '../netfilter/decision.ts';
import { DropReason, dropReasonText } from '../netfilter/drop-reason.ts';
import { TABLE_NAMES } from '../netfilter/hook.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { OutcomeVerdict } from './outcome.ts';

/** What became of a frame that was not dropped. */
export const Fate = { FORWARDED: 0, DELIVERED: 1, SENT: 2, HANDLED: 3, NOT_IP: 4 } as const;
export type Fate = (typeof Fate)[keyof typeof Fate];
export const FATE_NAMES = ['FORWARDED', 'DELIVERED', 'SENT', 'HANDLED', 'NOT_IP'] as const;
export const FATE_TEXTS = [
  'forwarded',
  'delivered to this host',
  'sent by this host',
  'answered or taken note of by the stack',
  'not IP: iptables does not see it',
] as const;

const flags = (...reasons: number[]): Uint8Array => {
  const table = new Uint8Array(256);
  for (const reason of reasons) table[reason] = 1;
  return table;
};

/** Reasons that are no refusal of the packet filter or the stack: the packet waits, or arrived and found nobody. */
const WAITING = flags(DropReason.FRAGMENT_QUEUED, DropReason.NEIGHBOUR_QUEUED);
const AFTER_DELIVERY = flags(
  DropReason.NO_SOCKET,
  DropReason.NO_PROTOCOL,
  DropReason.ICMP_IGNORED,
  DropReason.ICMP_BROADCAST,
  DropReason.ARP_IGNORED,
  DropReason.ND_IGNORED,
);
const BY_RULES = flags(
  DropReason.RULE,
  DropReason.POLICY,
  DropReason.HOT_DROP,
  DropReason.QUEUE_NO_LISTENER,
  DropReason.NAT_FAILED,
);
/** Behind all tables: what they decided stands, and then the packet did not get away. */
const AFTER_TABLES = flags(
  DropReason.NEIGHBOUR_QUEUED,
  DropReason.NEIGHBOUR_FAILED,
  DropReason.NEIGHBOUR_QUEUE_FULL,
);
/** Tracking refused the packet, or kept it, before it had a state. */
const WITHOUT_STATE = flags(
  DropReason.FRAGMENT_BAD,
  DropReason.FRAGMENT_OVERLAP,
  DropReason.FRAGMENT_MEMORY,
  DropReason.FRAGMENT_QUEUED,
  DropReason.CONNTRACK_FULL,
  DropReason.CONNTRACK_REFUSED,
);

const RAW = TABLE_NAMES.indexOf('raw');

export function verdictOf(dropReason: number): OutcomeVerdict {
  if (dropReason === DropReason.NONE || AFTER_DELIVERY[dropReason] === 1) return 'ACCEPT';
  if (WAITING[dropReason] === 1) return 'STOLEN';
  return dropReason === DropReason.QUEUE_NO_LISTENER ? 'QUEUE' : 'DROP';
}

/** It passed INPUT, and nobody wanted it. */
export function wasDelivered(dropReason: number): boolean {
  return AFTER_DELIVERY[dropReason] === 1;
}

/** Of a packet that the stack dropped, no table decided. */
export function wasDecidedByTable({ family, dropReason }: PacketBuffer): boolean {
  if (family === 0) return false;
  return (
    dropReason === DropReason.NONE ||
    (BY_RULES[dropReason]! | AFTER_DELIVERY[dropReason]! | AFTER_TABLES[dropReason]!) === 1
  );
}

/** Connection tracking had a look at it: without an entry it is INVALID or UNTRACKED. */
export function wasTracked({ ct, ctInfo, dropReason, decision }: PacketBuffer): boolean {
  if (ct !== 0 || ctInfo !== 0 || dropReason === DropReason.NONE) return true;
  if (dropReason < DropReason.FRAGMENT_BAD || WITHOUT_STATE[dropReason] === 1) return false;
  return BY_RULES[dropReason] !== 1 || decisionTable(decision) !== RAW;
}

/** A rule's drop names the rule; everything else has words of its own. */
export function reasonText(reason: number, rule: string): string {
  const text = dropReasonText(reason);
  return (reason === DropReason.RULE || reason === DropReason.POLICY) && rule !== ''
    ? `${text} ${rule}`
    : text;
}
