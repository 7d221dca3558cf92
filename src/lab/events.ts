/**
 * What happened in a lab: every frame that was put on a link, what caused it, and what each switch decided about it with
 * what it knew then. Kept for steps to be judged by and for pictures; bounded, the oldest go first.
 */
import type { TimeUs } from '../base/clock.ts';
import type { TableEntry } from '../vswitch/index.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { describeFrame } from '../wire/describe.ts';
import { endpointText, type Endpoint } from './topology.ts';

/** A frame on its way over one link. */
export interface Crossing {
  /** From 1, in the order in which frames were sent. */
  readonly id: number;
  readonly sentAt: TimeUs;
  /** When it came to the other end; -1 while it has not, or was lost. */
  arrivedAt: TimeUs;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly frame: Uint8Array;
  /** The crossing whose arrival caused it; 0 for what a host began by itself. */
  readonly parent: number;
  /** What the rules of a host know of a packet that its bridge hands up to it (bridge-netfilter); null for any other. */
  carried: PacketBuffer | null;
  /** What the switch at the other end did with it; null for hosts. */
  decision: Decision | null;
}

export interface Decision {
  readonly switch: string;
  /** In words: flooded, forwarded, or why it was dropped. */
  readonly text: string;
  /** The ports that copies left by. */
  readonly out: readonly string[];
  /** What the switch knew before it looked at the frame. */
  readonly table: readonly TableEntry[];
}

const MOST_KEPT = 50_000;
const MOST_BYTES = 64 * 1024 * 1024;

export class EventLog {
  private kept: Crossing[] = [];
  private next = 1;
  private bytes = 0;

  add(sentAt: TimeUs, from: Endpoint, to: Endpoint, frame: Uint8Array, parent: number): Crossing {
    const crossing: Crossing = {
      id: this.next++,
      sentAt,
      arrivedAt: -1,
      from,
      to,
      frame,
      parent,
      carried: null,
      decision: null,
    };
    this.kept.push(crossing);
    this.bytes += frame.length;
    if (this.kept.length > 2 * MOST_KEPT || this.bytes > MOST_BYTES) this.forgetHalf();
    return crossing;
  }

  private forgetHalf(): void {
    this.kept = this.kept.slice(Math.ceil(this.kept.length / 2));
    this.bytes = this.kept.reduce((sum, { frame }) => sum + frame.length, 0);
  }

  /** The id that the next crossing will get: a mark to ask `since` with. */
  get mark(): number {
    return this.next;
  }

  /** Everything from a mark on. */
  since(mark: number): Crossing[] {
    return this.kept.filter(({ id }) => id >= mark);
  }
}

/** `a:eth0 > sw:p1  ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28` */
export function crossingText({ from, to, frame }: Crossing): string {
  return `${endpointText(from)} > ${endpointText(to)}  ${describeFrame(frame)}`;
}
