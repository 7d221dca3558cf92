/**
 * Where LOG, NFLOG, TRACE and the tracker's own messages go. The engine makes the text as the kernel does; who listens
 * (a report, a syslog file, a test) decides what becomes of it.
 */
import type { TimeUs } from '../base/clock.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { HookState } from './hook-state.ts';

/** What a LOG rule adds to the line (NF_LOG_*). */
export const LogFlag = {
  TCP_SEQUENCE: 0x01,
  TCP_OPTIONS: 0x02,
  IP_OPTIONS: 0x04,
  UID: 0x08,
  MAC_DECODE: 0x20,
} as const;

export interface LogLine {
  readonly time: TimeUs;
  /** syslog priority 0 (emerg) … 7 (debug); the facility is kern. */
  readonly level: number;
  readonly text: string;
  /** Which packet of the input caused it (1-based), 0 when none did. */
  readonly cause: number;
}

export interface LogSink {
  /** False when nobody listens: lines then need not be made. */
  readonly wanted: boolean;
  /** Of a rule's target also the packet and where the rule stands; both are lent for the call. */
  line(line: LogLine, pkt?: PacketBuffer, at?: HookState): void;
  /** NFLOG: a packet for a netlink group; the listener copies what it keeps. Absent: nobody listens. */
  packet?(group: number, prefix: string, pkt: PacketBuffer, at: HookState): void;
}
