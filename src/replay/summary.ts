/**
 * What a replay leaves behind: totals, counters, tables and connections as they stand after the last frame. `runReplay`
 * returns it; the reports (report/) print it; regression cases compare it.
 */
import type { Call, Flow } from '../alg/index.ts';
import type { CaptureError } from '../capture/index.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import type { TableEntry } from '../vswitch/index.ts';
import type { ReplayNote } from './options.ts';
import type { OutcomeVerdict } from './outcome.ts';

/** How many input frames ended for one reason. */
export interface ReasonCount {
  /** The stable name, as in `PacketOutcome.reasonCode`. */
  readonly code: string;
  /** The words for it, as in `PacketOutcome.reason`; one code may have several (one a rule). */
  readonly text: string;
  readonly verdict: OutcomeVerdict;
  readonly frames: number;
}

/** Traffic of one device. */
export interface InterfaceCount {
  readonly name: string;
  readonly received: number;
  readonly receivedBytes: number;
  readonly sent: number;
  readonly sentBytes: number;
}

export interface ReplaySummary {
  /** Input frames, and their bytes as captured. */
  readonly frames: number;
  readonly bytes: number;
  /** Time stamps of the first and the last frame, microseconds since the epoch; null without frames. */
  readonly firstTimeUs: number | null;
  readonly lastTimeUs: number | null;
  readonly verdicts: Readonly<Record<OutcomeVerdict, number>>;
  /** The most frequent first. */
  readonly reasons: readonly ReasonCount[];
  readonly interfaces: readonly InterfaceCount[];
  /** As `iptables-save -c` and `ip6tables-save -c` print them, without comments; empty where nothing is loaded. */
  readonly tables: { readonly v4: string; readonly v6: string };
  /** The same as data, IPv4 before IPv6: counters of each rule, with the file and line it stands in. */
  readonly rulesets: readonly Ruleset[];
  /** As `conntrack -L -o extended` prints them. */
  readonly conntrack: readonly string[];
  /** As `conntrack -L expect` prints them. */
  readonly expectations: readonly string[];
  /** As `ipset save -sorted` and `nfacct list` print them; empty where there are none. */
  readonly sets: readonly string[];
  readonly accounting: readonly string[];
  /** The control connections that helpers watched. */
  readonly flows: readonly Flow[];
  /** The calls that SIP's helper saw. */
  readonly calls: readonly Call[];
  /** Of a replay through a switch: the addresses that it knows at the end, by VLAN and address. */
  readonly addresses?: readonly TableEntry[];
  /** What was assumed (sides, interfaces, addresses), what was repaired and how often. */
  readonly notes: readonly ReplayNote[];
  /** Captures that ended early; not empty: exit status 3. */
  readonly truncated: readonly CaptureError[];
  /** Oddities of captures that cost no packet. */
  readonly warnings: readonly CaptureError[];
}
