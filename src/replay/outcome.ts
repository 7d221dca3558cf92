/**
 * What became of one input frame. The replay makes one of these for each frame when somebody listens (a report, a
 * regression case, the library's caller); without a listener none is made.
 */
import type { Rule } from '../netfilter/rule.ts';

export interface OutFrame {
  readonly iface: string;
  /** A copy, whole, from the Ethernet header on. */
  readonly frame: Uint8Array;
}

/** One direction of a connection, as numbers and text people read. */
export interface Endpoints {
  readonly src: string;
  readonly dst: string;
  /** Port, ICMP identifier or GRE key; absent where the protocol has none. */
  readonly sport?: number;
  readonly dport?: number;
}

export interface ConntrackOutcome {
  /** As `-m conntrack --ctstate` says it of this packet. */
  readonly state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
  readonly direction: 'original' | 'reply';
  /** The entry as `conntrack -L -o extended` prints it; null when the packet has none (or it is gone). */
  readonly entry: string | null;
  readonly mark: number;
}

/** What translation changed of this packet: endpoints as it came in and as it went out. */
export interface Translation {
  readonly before: Endpoints;
  readonly after: Endpoints;
}

/** One step of the way, in the words of the kernel's TRACE. */
export interface TraceStep {
  /** `filter:FORWARD:rule:3`, `nat:POSTROUTING:policy:2`, or a station of the stack such as `route`. */
  readonly at: string;
  /** The rule's text as -S prints it, or what the station decided. */
  readonly text: string;
  /** File and line of the rule, the empty string where there is none. */
  readonly place: string;
}

export type OutcomeVerdict = 'ACCEPT' | 'DROP' | 'STOLEN' | 'QUEUE';

export interface PacketOutcome {
  /** 1-based, in the order of arrival over all inputs. */
  readonly n: number;
  /** Microseconds since the epoch, as the capture says. */
  readonly timeUs: number;
  /** Interface it arrived on; the empty string for a packet that the host itself sent (`--host`). */
  readonly in: string;
  /** A copy of the frame as the engine was given it (after side finding, repair and re-addressing). */
  readonly frame: Uint8Array;
  readonly verdict: OutcomeVerdict;
  /** Words for a drop (drop-reason.ts) or for what became of it otherwise: `forwarded`, `delivered`, `answered` … */
  readonly reason: string;
  /** The reason's stable name: a DropReasonName, or FORWARDED, DELIVERED, SENT … */
  readonly reasonCode: string;
  /** `filter:FORWARD:3`, `filter:FORWARD:policy`; null when no table decided. */
  readonly rule: string | null;
  /** The rule itself, for its file and line. */
  readonly ruleObject: Rule | null;
  readonly out: readonly OutFrame[];
  readonly conntrack: ConntrackOutcome | null;
  readonly translation: Translation | null;
  /** Empty unless traces are wanted. */
  readonly trace: readonly TraceStep[];
  /** LOG lines that this packet caused, as the kernel writes them, without time and host. */
  readonly log: readonly string[];
  /** What was done to the frame before the engine saw it (checksum repaired, re-addressed …), in words. */
  readonly notes: readonly string[];
}

/** Frames that no input frame caused: a timer of the gateway did (an ARP question repeated, a reassembly given up). */
export interface TimerOutcome {
  readonly timeUs: number;
  readonly out: readonly OutFrame[];
  readonly log: readonly string[];
}
