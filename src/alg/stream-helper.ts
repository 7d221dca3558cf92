/** A helper on TCP that reads whole streams: one object for each connection, which is fed its segments. */
import { directionOf } from '../netfilter/conntrack/ct-info.ts';
import type { Family } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Flow } from './flow-table.ts';
import { Helper } from './helper.ts';
import type { HelperFacts } from './helper-facts.ts';
import { payloadStart } from './payload.ts';
import type { AlgServices } from './services.ts';

export interface StreamConnection {
  /** A packet whose payload begins at `start`; returns a verdict. */
  segment(pkt: PacketBuffer, direction: number, start: number): number;
  /** The connection went. */
  close?(): void;
}

export abstract class StreamHelper extends Helper {
  private readonly connections = new Map<number, StreamConnection>();

  constructor(facts: HelperFacts, family: Family, services: AlgServices) {
    super(facts, family, IPPROTO_TCP, services, facts.strictPolicies);
  }

  protected abstract connect(entry: number, flow: Flow): StreamConnection;

  override forget(entry: number): void {
    this.connections.get(entry)?.close?.();
    this.connections.delete(entry);
    super.forget(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const start = payloadStart(pkt);
    if (start < 0) return Verdict.ACCEPT;
    const flow = this.services.flows.packet(entry, this.name, pkt);
    let connection = this.connections.get(entry);
    if (connection === undefined) {
      connection = this.connect(entry, flow);
      this.connections.set(entry, connection);
    }
    return connection.segment(pkt, directionOf(ctInfo), start);
  }
}
