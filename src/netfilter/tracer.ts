/**
 * Traces: every rule and chain's end that a packet passes, in the kernel's words (`TRACE: filter:FORWARD:rule:3 …`).
 * Packets that `-j TRACE` marked are logged; a Tracer, where one is set, is told of all packets.
 */
import type { Clock } from '../base/clock.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { HookState } from './hook-state.ts';
import type { HostServices } from './host-services.ts';
import type { Layout } from './layout.ts';
import { DEFAULT_LOG_FLAGS, packetText } from './log-format.ts';
import type { LogSink } from './log.ts';
import type { TraceSink } from './table-engine.ts';

export interface Tracer {
  /** `step` is `filter:FORWARD:rule:3`, `filter:users:return:4` or `filter:FORWARD:policy:5`. */
  passed(step: string, pkt: PacketBuffer): void;
}

/** The kernel logs traces as warnings. */
const TRACE_LEVEL = 4;

export class TraceOutput implements TraceSink {
  all = false;
  private tracer: Tracer | null = null;
  private readonly clock: Clock;
  private readonly log: LogSink;
  private readonly host: HostServices;

  constructor(clock: Clock, host: HostServices, log: LogSink) {
    this.clock = clock;
    this.log = log;
    this.host = host;
  }

  get listener(): Tracer | null {
    return this.tracer;
  }

  set listener(tracer: Tracer | null) {
    this.tracer = tracer;
    this.all = tracer !== null;
  }

  passed(layout: Layout, slot: number, pkt: PacketBuffer, at: HookState): void {
    const step = layout.describeTrace(slot);
    this.tracer?.passed(step, pkt);
    if (pkt.traced === 0 || !this.log.wanted) return;
    const { host } = this;
    const words = packetText(pkt, at.iif, at.oif, DEFAULT_LOG_FLAGS, host);
    this.log.line({
      time: this.clock.now,
      level: TRACE_LEVEL,
      text: `TRACE: ${step} ${words}`,
      cause: pkt.cause,
    });
  }
}
