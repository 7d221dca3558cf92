/**
 * What happens at a hook, in order: the tables, and between them defragmentation, connection tracking, address
 * translation, helpers and confirmation. The order follows from the priorities alone (hook.ts); this file says which
 * steps there are besides the tables, and what the engine asks of those who do them.
 */
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { ConntrackView } from './conntrack/view.ts';
import type { NatView } from './nat/view.ts';
import { Hook, Priority, TABLES, TABLE_NAMES, type Family } from './hook.ts';

/** Connection tracking at work. All verdicts are those of Verdict; whoever drops sets `pkt.dropReason`. */
export interface ConntrackSteps extends ConntrackView {
  /**
   * The numbers of the ways that a connection's packets take (flow-table.ts): of the original direction at
   * `entry * WAYS_STRIDE` (record.ts), of replies behind it. 0 in a new connection.
   */
  readonly ways: Uint16Array;
  /** Zeroes them in all connections. */
  forgetWays(): void;
  /** Finds or makes the packet's entry (nf_conntrack_in): sets `pkt.ct` and `pkt.ctInfo`. */
  in(pkt: PacketBuffer, hook: Hook): number;
  /** Lets the connection's helper see the packet, adjusts sequence numbers. */
  helper(pkt: PacketBuffer, hook: Hook): number;
  /** Does `helper` look into packets of that connection, or change them? */
  mayAlter(entry: number): boolean;
  /** Puts a new connection into the table (nf_conntrack_confirm). */
  confirm(pkt: PacketBuffer, hook: Hook): number;
  /** The packet ended: an entry that only it holds is freed, and `pkt.ct` becomes 0. */
  release(pkt: PacketBuffer): void;
}

/** Asks the nat table about a packet of a new connection. */
export type AskNatTable = (hook: Hook, pkt: PacketBuffer) => number;

/** Address translation at work (nf_nat_inet_fn): applies a connection's translation, or asks the nat table for one. */
export interface NatSteps extends NatView {
  run(hook: Hook, pkt: PacketBuffer, ask: AskNatTable): number;
  /** Applies the translation of a packet's connection to both its sides. */
  translateBoth(pkt: PacketBuffer): number;
  /** An interface went down (`address` null), or lost that address. */
  unbind(iface: number, address: LostAddress | null): void;
}

export interface LostAddress {
  readonly family: Family;
  /** Four; IPv4 uses the first. */
  readonly words: Int32Array;
}

/** What a step is: a table by its index in TABLE_NAMES, or one of these. */
export const Step = { DEFRAG: 16, CONNTRACK: 17, NAT: 18, HELPER: 19, CONFIRM: 20 } as const;
export type Step = (typeof Step)[keyof typeof Step];

interface StepSpec {
  readonly step: number;
  readonly hook: Hook;
  readonly priority: number;
  readonly needs: Needs;
}

/** What must be there for a step to run: a table, connection tracking, or both; `gathering` does in place of tracking. */
interface Needs {
  readonly table: number;
  readonly tracking: boolean;
  readonly gathering?: boolean;
}

const NO_TABLE = -1;
const NAT_TABLE = TABLE_NAMES.indexOf('nat');

const tracking = (step: Step, priority: number, ...hooks: Hook[]): StepSpec[] =>
  hooks.map((hook) => ({ step, hook, priority, needs: { table: NO_TABLE, tracking: true } }));

/** The nat table is no step of its own: NAT asks it, and only for packets that a connection belongs to. */
const tableSteps = TABLE_NAMES.flatMap((name, table): StepSpec[] =>
  TABLES[name].hooks.map(({ hook, priority }) => ({
    step: table === NAT_TABLE ? Step.NAT : table,
    hook,
    priority,
    needs: { table, tracking: table === NAT_TABLE },
  })),
);

const STEPS: readonly StepSpec[] = [
  ...tracking(Step.DEFRAG, Priority.DEFRAG, Hook.PREROUTING, Hook.OUTPUT).map((step) => ({
    ...step,
    needs: { ...step.needs, gathering: true },
  })),
  ...tracking(Step.CONNTRACK, Priority.CONNTRACK, Hook.PREROUTING, Hook.OUTPUT),
  ...tracking(Step.HELPER, Priority.HELPER, Hook.INPUT, Hook.POSTROUTING),
  ...tracking(Step.CONFIRM, Priority.CONFIRM, Hook.INPUT, Hook.POSTROUTING),
  ...tableSteps,
].sort((a, b) => a.priority - b.priority);

/** Added to a table's number: its chain at this hook has no rules, only its policy counts. */
export const EMPTY_STEP = 32;

/**
 * The steps of each hook for a family: `loaded` tells which tables are there, `isEmpty` which of their chains have no rules,
 * `tracks` whether tracking is on, `gathers` whether fragments are put together without it.
 */
export function stepsOf(
  loaded: (table: number) => boolean,
  isEmpty: (table: number, hook: Hook) => boolean,
  tracks: boolean,
  gathers: boolean,
): Uint8Array[] {
  return Object.values(Hook).map((hook) =>
    Uint8Array.from(
      STEPS.filter(
        ({ hook: at, needs }) =>
          at === hook &&
          (tracks || !needs.tracking || (gathers && needs.gathering === true)) &&
          (needs.table === NO_TABLE || loaded(needs.table)),
      ).map(({ step }) => (step < TABLE_NAMES.length && isEmpty(step, hook) ? EMPTY_STEP + step : step)),
    ),
  );
}
