/** What a replay is asked to do. The command line (src/cli), regression cases and the library all end here. */
import type { FlowTable, HelperSettings } from '../alg/index.ts';
import type { VirtualClock } from '../base/clock.ts';
import type { Place } from '../base/errors.ts';
import type { Gateway } from '../stack/gateway.ts';
import type { VirtualSwitch } from '../vswitch/index.ts';
import type { InputSpec } from './merged-input.ts';
import type { PacketOutcome, TimerOutcome } from './outcome.ts';
import type { LogLine } from '../netfilter/log.ts';

/** A text and the file it came from, for messages. */
export interface SourceText {
  readonly text: string;
  readonly file: string;
}

export interface ReplayOptions {
  /** iptables-save format, IPv4. */
  readonly rules?: SourceText | undefined;
  /** The same for IPv6. */
  readonly rules6?: SourceText | undefined;
  /** Sets, as `ipset save` prints them, beside those of the gateway file. */
  readonly ipset?: SourceText | undefined;
  /** The gateway file's content, as parsed from YAML or JSON. */
  readonly gateway?: { readonly value: unknown; readonly file: string } | undefined;
  /** How helpers behave where the gateway file doesn't say. */
  readonly helpers?: HelperSettings | undefined;
  readonly inputs: readonly InputSpec[];
  /** Which addresses are inside, for captures that hold both directions; found by looking when absent. */
  readonly inside?: readonly string[] | undefined;
  /** Names of the two interfaces of a gateway that nobody described; taken from the rules when absent. */
  readonly insideInterface?: string | undefined;
  readonly outsideInterface?: string | undefined;
  /** The capture was taken on the host with these addresses: what comes to them passes INPUT, what they send OUTPUT. */
  readonly host?: readonly string[] | undefined;
  /**
   * Re-address the other side's packets to the translation, since the capture never saw it. By default where one capture
   * holds both directions.
   */
  readonly closedLoop?: boolean | undefined;
  /** `repair`: checksums that were left to the network card are filled in; `verify`: taken as they are. */
  readonly checksums?: 'repair' | 'verify' | undefined;
  /** Seed of everything drawn at random. */
  readonly seed?: number | undefined;
  /** The compiled engine, or the reference interpreter. */
  readonly engine?: 'compiled' | 'reference' | undefined;
}

/** A gateway or a switch as a replay left it. */
export interface ReplayedNetwork {
  readonly clock: VirtualClock;
  readonly gateway: Gateway | null;
  /** What the helpers saw; null for a switch. */
  readonly flows: FlowTable | null;
  readonly switch: VirtualSwitch | null;
}

/** Who is told while a replay runs. What nobody listens to is not made. */
export interface ReplayListener {
  /** Of every input frame, in order. */
  packet?(outcome: PacketOutcome): void;
  /** Of frames that a timer sent between two input frames. */
  timer?(outcome: TimerOutcome): void;
  /** Of every line of the kernel log, as it is written. */
  log?(line: LogLine): void;
  /** Now and then: bytes of the input read and in all (-1: not known), frames so far. */
  progress?(consumed: number, size: number, frames: number): void;
  /** All has been replayed: what lives on, for who wants to go on with it. */
  ended?(live: ReplayedNetwork): void;
  /** True: outcomes carry the trace of every rule passed. */
  readonly trace?: boolean;
  /** True: the summary's flows carry what happened in each. */
  readonly flows?: boolean;
}

/** Something worth saying that is no error. */
export interface ReplayNote {
  readonly text: string;
  readonly place?: Place | undefined;
}
