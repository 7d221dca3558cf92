/**
 * Connection tracking as extensions, NAT, helpers and reports see it. `Conntrack` (conntrack.ts) implements it; entries
 * are small positive integers (`PacketBuffer.ct`), valid as long as the packet is on its way.
 */
import type { Family } from '../hook.ts';
import type { Direction } from './ct-info.ts';
import type { Tuple } from './tuple.ts';

/** What `-j CT` fixes for the connection that the packet may create. */
export interface CtTemplate {
  /** Zone of the original and of the reply direction; they differ for --zone-orig and --zone-reply. */
  readonly zoneOriginal: number;
  readonly zoneReply: number;
  /** `--zone mark`: the packet's mark is the zone. */
  readonly zoneFromMark: boolean;
  readonly helper: string | null;
  /** `--timeout NAME`: a timeout policy. */
  readonly timeout: string | null;
  /** `--ctevents`, `--expevents`: bit masks, 0 for all. */
  readonly events: number;
  readonly expectEvents: number;
  /** Of SYNPROXY. */
  readonly proxied: boolean;
}

export interface ConntrackView {
  /** CtStatus bits by entry. */
  readonly status: Int32Array;
  /** Connection mark by entry, as a signed 32-bit integer. Written directly. */
  readonly mark: Int32Array;

  /** Switches tracking on for a family; a rule or table that needs it says so when it is put into force. */
  require(family: Family): void;

  /** One direction's tuple, into `out`. */
  readTuple(entry: number, direction: Direction, out: Tuple): void;

  /** Packets and bytes of one direction; 0 unless net.netfilter.nf_conntrack_acct is on. */
  packets(entry: number, direction: Direction): number;
  bytes(entry: number, direction: Direction): number;

  /** Microseconds until the entry expires unless something refreshes it. */
  timeLeftUs(entry: number): number;

  /** Registers a template for `-j CT`; returns a negative handle to put into `PacketBuffer.ct`. */
  template(template: CtTemplate): number;

  /** The entry that created this one through an expectation, 0 for none. */
  master(entry: number): number;
  /** Name of the helper attached, the empty string for none. */
  helperName(entry: number): string;

  /** The entry in the table that has this tuple (zone included) in either direction, 0 for none. */
  find(tuple: Tuple): number;
  /** A TCP connection in TIME_WAIT or CLOSE: `connlimit` does not count it any more. */
  isPastEnd(entry: number): boolean;

  /** A rule asks for labels: from here on connections have room for them. */
  useLabels(): void;
  /** Labels of a connection, by number from 0 to 127 (`-m connlabel`). */
  hasLabel(entry: number, label: number): boolean;
  /** False where the connection has no room for labels. */
  setLabel(entry: number, label: number): boolean;

  /** A TCP connection that we reset ourselves is closed from now on; nothing happens to others (nf_ct_set_closing). */
  setClosing(entry: number): void;

  /** Removes an entry (conntrack -D; early drop; a helper's decision). */
  remove(entry: number): void;

  /** One line as `conntrack -L -o extended` prints it. */
  describe(entry: number): string;
  /** All lines of a family, as `conntrack -L -o extended` prints them. */
  list(family: Family): string[];
}
