/**
 * The contract of a virtual switch. Frames come in by `receive`, on a port named by its index; what leaves is handed to
 * the sink at once, port after port. Four models keep it:
 *
 *   learning/      a Linux bridge (IEEE 802.1D): learns which address is behind which port
 *   vmware/        a vSphere standard switch: knows the addresses of the NICs attached, learns nothing; and a
 *                  distributed one, which may learn
 *   hub.ts         a repeater: everything to everybody
 *
 * A switch never waits: timers of the injected Clock do what has to be done later. It keeps no frame beyond the call. The
 * sink must not call `receive` of the same switch from within `frame`; whoever joins switches queues (src/lab does).
 */
import type { Clock } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import { DROP_REASON_COUNT, DropReason } from '../netfilter/drop-reason.ts';
import { HEADER_LENGTH } from '../wire/ethernet.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { TAG_LENGTH } from '../wire/vlan.ts';
import type { Port } from './port.ts';

/** Takes the frames that leave a switch. The bytes are lent for the length of the call, to be read only. */
export interface SwitchSink {
  /** @param cause - number of the input frame that caused this one, 0 for none (PacketBuffer.cause) */
  frame(port: Port, bytes: Uint8Array, start: number, end: number, cause: number): void;
}

export interface SwitchEnv {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly sink: SwitchSink;
}

/** What a switch did with a frame, for whoever shows its way. */
export const Action = {
  DROPPED: 0,
  /** The destination is known: to one port. */
  FORWARDED: 1,
  /** Unknown, broadcast, or a group nobody asked for: to every port that takes such frames. */
  FLOODED: 2,
  /** For the switch itself: its own address, or a protocol of switches. */
  LOCAL: 3,
  /** A group with members: to their ports. */
  GROUP: 4,
  /** Not known here: out of an uplink. */
  UPLINK: 5,
} as const;
export type Action = (typeof Action)[keyof typeof Action];

export const ACTION_TEXTS: readonly string[] = [
  'dropped',
  'forwarded',
  'flooded',
  'taken by the switch itself',
  'sent to the members of the group',
  'sent out of the uplink',
];

/** One line of what a switch knows. */
export interface TableEntry {
  readonly mac: string;
  /** 0 where VLANs play no part. */
  readonly vlan: number;
  readonly port: string;
  /** How it came to know: learned, static, sticky, local, attached … */
  readonly kind: string;
  /** Microseconds since it was seen last; 0 for what does not age. */
  readonly ageUs: number;
}

export const MODELS = ['learning', 'static', 'distributed', 'hub'] as const;
export type SwitchModel = (typeof MODELS)[number];

export abstract class VirtualSwitch<P extends Port = Port> {
  readonly name: string;
  abstract readonly model: SwitchModel;
  readonly ports: readonly P[];
  /** What was done with the last frame. */
  action: Action = Action.DROPPED;
  /** Frames of which nothing came, by DropReason. */
  readonly dropCounts = new Float64Array(DROP_REASON_COUNT);
  protected readonly clock: Clock;
  protected readonly sink: SwitchSink;
  /** Copies of the frame in work that left, or reached the switch itself. */
  protected copies = 0;

  constructor(name: string, ports: readonly P[], env: SwitchEnv) {
    this.name = name;
    this.ports = ports;
    this.clock = env.clock;
    this.sink = env.sink;
  }

  /**
   * A frame arrived. `pkt` holds its window and `cause`; its bytes are as before when the call returns. `pkt.dropReason`
   * says why nothing came of it, and is NONE when a copy left or the switch itself took it.
   */
  abstract receive(port: number, pkt: PacketBuffer): void;

  /** What it knows now, for people: sorted by VLAN and address. */
  abstract table(): TableEntry[];

  /** The cable was plugged in or pulled. */
  setLink(port: number, up: boolean): void {
    this.ports[port]!.up = up;
  }

  portNamed(name: string): P | undefined {
    return this.ports.find((port) => port.name === name);
  }

  /** Counts a frame in; false (and it has a reason) when no switch would look at it. */
  protected admit(port: P, pkt: PacketBuffer): boolean {
    const length = pkt.end - pkt.start;
    pkt.dropReason = DropReason.NONE;
    this.action = Action.DROPPED;
    this.copies = 0;
    port.rxFrames++;
    port.rxBytes += length;
    if (length < HEADER_LENGTH) return this.refuse(port, pkt, DropReason.FRAME_TOO_SHORT);
    if (!port.up) return this.refuse(port, pkt, DropReason.INTERFACE_DOWN);
    if (length > port.mtu + HEADER_LENGTH + TAG_LENGTH) {
      return this.refuse(port, pkt, DropReason.FRAME_TOO_LONG);
    }
    return true;
  }

  /** Ends a frame. Always false, for the caller to return. */
  protected refuse(port: P, pkt: PacketBuffer, reason: number): false {
    pkt.dropReason = reason;
    port.rxDropped++;
    this.dropCounts[reason]!++;
    this.action = Action.DROPPED;
    return false;
  }

  /** Whether a frame of so many bytes is let out of a port, with a tag's four bytes allowed for (is_skb_forwardable). */
  protected fits(port: P, length: number): boolean {
    if (port.up && length <= port.mtu + HEADER_LENGTH + TAG_LENGTH) return true;
    port.txDropped++;
    return false;
  }

  /** One copy leaves. */
  protected emit(port: P, bytes: Uint8Array, start: number, end: number, cause: number): void {
    this.copies++;
    port.txFrames++;
    port.txBytes += end - start;
    this.sink.frame(port, bytes, start, end, cause);
  }
}
