/** What helpers are given: the connection table, address translation, the log, and where to tell what they see. */
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import type { Conntrack } from '../netfilter/conntrack/conntrack.ts';
import type { Family } from '../netfilter/hook.ts';
import type { LogSink } from '../netfilter/log.ts';
import type { Nat } from '../netfilter/nat/nat.ts';
import type { SequenceAdjustment } from '../netfilter/nat/seq-adjust.ts';
import type { FlowTable } from './flow-table.ts';

/** What helpers ask about the networks of the host that they sit on (src/stack's Host knows). */
export interface Networks {
  /** Mask of the interface's network whose broadcast address this is; 0 where it is none. IPv4. */
  maskOfBroadcast(iface: number, address: number): number;
  /** Do packets to both leave by the same interface? */
  leaveBySameDevice(family: Family, a: Int32Array, b: Int32Array): boolean;
  /** Do packets to both leave by the same next hop of the same interface? */
  haveSameNextHop(family: Family, a: Int32Array, b: Int32Array): boolean;
}

export interface AlgServices {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: LogSink;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly sequences: SequenceAdjustment;
  readonly flows: FlowTable;
  readonly networks: Networks;
}
