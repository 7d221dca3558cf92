/**
 * The flow table: one row a control connection that a helper watches, with what was negotiated, and what happened when:
 * who sent which message, which packet opened which pinhole (an expectation; the FTP articles call it an embryonic
 * flow), which one went through it, why it went. Reports print it (src/replay/report); nothing here decides anything.
 *
 * Rows are kept when their connection ends, MAX_FLOWS of them; the events of a row are collected only when somebody
 * wants them, MAX_EVENTS a row.
 */
import type { Clock } from '../base/clock.ts';
import type { Conntrack } from '../netfilter/conntrack/conntrack.ts';
import {
  ExpectFlag,
  Gone,
  type Expectation,
  type ExpectationListener,
} from '../netfilter/conntrack/expectations.ts';
import { Tuple } from '../netfilter/conntrack/tuple.ts';
import { formatIp } from '../wire/address.ts';
import { CallTable } from './media/call-table.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';

const MAX_FLOWS = 4096;
const MAX_EVENTS = 2000;

export type Actor = 'client' | 'server' | 'gateway';

export type FlowEventKind = 'message' | 'state' | 'expected' | 'used' | 'gone' | 'note';

export interface FlowEvent {
  /** The packet of the input, 1-based; 0 when a timer did it. */
  readonly n: number;
  readonly timeUs: number;
  readonly kind: FlowEventKind;
  readonly from: Actor;
  readonly text: string;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export class Flow {
  readonly id: number;
  /** Name of the helper. */
  readonly helper: string;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly firstUs: number;
  /** Of the control connection; what this host sends to itself is seen twice and counts once. */
  packets = 0;
  /** Of the last one, in the input; 0 for none of it. */
  lastPacket = 0;
  /** State of the negotiation under way, or of the last one; the empty string where the helper keeps none. */
  state = '';
  stateUs: number;
  /** What was negotiated last: by which command, which address and port (0 for none yet), the reply's code. */
  command = '';
  address = '';
  port = 0;
  code = 0;
  /** Pinholes opened, and those that a connection came through. */
  expected = 0;
  used = 0;
  isEnded = false;
  readonly events: FlowEvent[] = [];

  constructor(id: number, helper: string, client: Endpoint, server: Endpoint, nowUs: number) {
    this.id = id;
    this.helper = helper;
    this.client = client;
    this.server = server;
    this.firstUs = nowUs;
    this.stateUs = nowUs;
  }
}

export class FlowTable implements ExpectationListener {
  /** Are events collected, and media listened to? */
  wanted = false;
  readonly calls = new CallTable();
  private readonly clock: Clock;
  private readonly conntrack: Conntrack;
  private readonly flows = new Set<Flow>();
  private readonly byEntry = new Map<number, Flow>();
  /** Which packet a helper is looking at. */
  private cause = 0;
  private count = 0;

  constructor(clock: Clock, conntrack: Conntrack) {
    this.clock = clock;
    this.conntrack = conntrack;
  }

  /** In the order of their connections' beginnings. */
  get all(): Iterable<Flow> {
    return this.flows;
  }

  /** The row of a control connection, for a packet of it. */
  packet(entry: number, helper: string, pkt: PacketBuffer): Flow {
    return this.seen(this.byEntry.get(entry) ?? this.add(entry, helper), pkt);
  }

  /** A packet of a row that its helper has kept. */
  seen(flow: Flow, pkt: PacketBuffer): Flow {
    if (pkt.cause === 0 || pkt.cause !== flow.lastPacket) flow.packets++;
    this.cause = flow.lastPacket = pkt.cause;
    return flow;
  }

  rowOf(entry: number): Flow | null {
    return this.byEntry.get(entry) ?? null;
  }

  /** The connection went. */
  end(entry: number): void {
    const flow = this.byEntry.get(entry);
    if (flow === undefined) return;
    this.byEntry.delete(entry);
    flow.isEnded = true;
  }

  state(flow: Flow, state: string): void {
    if (flow.state === state) return;
    flow.state = state;
    flow.stateUs = this.clock.now;
    if (this.wanted) this.note(flow, 'state', 'gateway', state);
  }

  note(flow: Flow, kind: FlowEventKind, from: Actor, text: string, n = this.cause): void {
    if (!this.wanted || flow.events.length >= MAX_EVENTS) return;
    flow.events.push({ n, timeUs: this.clock.now, kind, from, text });
  }

  /** An expectation was entered: from now on its fate is told. One that only keeps a place is nobody's business yet. */
  expected(expectation: Expectation): void {
    const flow = this.byEntry.get(expectation.master);
    if (flow === undefined || (expectation.flags & ExpectFlag.INACTIVE) !== 0) return;
    flow.expected++;
    expectation.listener = this;
    if (this.wanted) this.note(flow, 'expected', 'gateway', expectationText(expectation));
  }

  used(expectation: Expectation, entry: number, { cause }: PacketBuffer): void {
    const flow = this.byEntry.get(expectation.master);
    if (flow === undefined) return;
    flow.used++;
    if (this.wanted) this.note(flow, 'used', this.opener(expectation), this.connectionText(entry), cause);
  }

  gone(expectation: Expectation, why: Gone): void {
    const flow = this.byEntry.get(expectation.master);
    if (flow === undefined || !this.wanted || why === Gone.USED) return;
    this.note(flow, 'gone', 'gateway', `${expectationText(expectation)}: ${why}`);
  }

  /** Whose connection it will be: that of the end of the master that its source is. */
  private opener({ master, tuple }: Expectation): Actor {
    const original = new Tuple();
    this.conntrack.readTuple(master, 0, original);
    const isClient =
      tuple.src0 === original.src0 &&
      tuple.src1 === original.src1 &&
      tuple.src2 === original.src2 &&
      tuple.src3 === original.src3;
    return isClient ? 'client' : 'server';
  }

  private connectionText(entry: number): string {
    const tuple = new Tuple();
    this.conntrack.readTuple(entry, 0, tuple);
    return `${sourceText(tuple)} → ${destinationText(tuple)}`;
  }

  private add(entry: number, helper: string): Flow {
    const tuple = new Tuple();
    this.conntrack.readTuple(entry, 0, tuple);
    const { family } = tuple;
    const flow = new Flow(
      ++this.count,
      helper,
      {
        address: formatIp(family, tuple.src0, tuple.src1, tuple.src2, tuple.src3),
        port: tuple.srcId,
      },
      {
        address: formatIp(family, tuple.dst0, tuple.dst1, tuple.dst2, tuple.dst3),
        port: tuple.dstId,
      },
      this.clock.now,
    );
    this.byEntry.set(entry, flow);
    this.flows.add(flow);
    if (this.flows.size > MAX_FLOWS) this.forgetOldest();
    return flow;
  }

  private forgetOldest(): void {
    for (const flow of this.flows) {
      if (!flow.isEnded) continue;
      this.flows.delete(flow);
      return;
    }
  }
}

function expectationText({ tuple, mask }: Expectation): string {
  const anyone = (mask.src0 | mask.src1 | mask.src2 | mask.src3) === 0;
  return `${anyone ? 'anyone' : sourceText(tuple, mask.srcId !== 0)} → ${destinationText(tuple)}`;
}

function sourceText({ family, src0, src1, src2, src3, srcId }: Tuple, withPort = true): string {
  return endText(family, formatIp(family, src0, src1, src2, src3), withPort ? String(srcId) : '*');
}

function destinationText({ family, dst0, dst1, dst2, dst3, dstId }: Tuple): string {
  return endText(family, formatIp(family, dst0, dst1, dst2, dst3), String(dstId));
}

function endText(family: number, address: string, port: string): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
