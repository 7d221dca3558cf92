/** What the helpers share: what they declare, what they are given, and how they refuse a packet. */
import type { CtHelper, ExpectPolicy } from '../netfilter/conntrack/helpers.ts';
import type { Family } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { Expecting } from './expecting.ts';
import type { HelperFacts } from './helper-facts.ts';
import { logRefusal } from './helper-log.ts';
import type { AlgServices } from './services.ts';

export abstract class Helper implements CtHelper {
  readonly name: string;
  readonly family: Family;
  readonly proto: number;
  readonly port: number;
  readonly policies: readonly ExpectPolicy[];
  protected readonly services: AlgServices;
  protected readonly expecting: Expecting;

  constructor(
    facts: HelperFacts,
    family: Family,
    proto: number,
    services: AlgServices,
    policies = facts.policies,
  ) {
    this.name = facts.name;
    this.family = family;
    this.proto = proto;
    this.port = facts.port;
    this.policies = policies;
    this.services = services;
    this.expecting = new Expecting(services);
  }

  abstract help(pkt: PacketBuffer, entry: number, ctInfo: number): number;

  forget(entry: number): void {
    this.services.flows.end(entry);
  }

  /** The packet is dropped, and the kernel's log says why. */
  protected refuse(pkt: PacketBuffer, why: string): number {
    logRefusal(this.services, this.name, pkt, why);
    return Verdict.DROP;
  }
}
