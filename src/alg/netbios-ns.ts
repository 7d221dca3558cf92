/**
 * NetBIOS's name service (RFC 1002 5): a question to all stations of a network is answered by the one that has the name.
 * As Linux's nf_conntrack_netbios_ns, for the host's own questions (broadcast.ts); the answers' addresses are left alone.
 */
import type { CtHelper } from '../netfilter/conntrack/helpers.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { IPPROTO_UDP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { expectAnswersOfAll } from './broadcast.ts';
import { Expecting } from './expecting.ts';
import type { HelperFacts } from './helper-facts.ts';
import type { AlgServices } from './services.ts';

export const NETBIOS_NS: HelperFacts = {
  name: 'netbios-ns',
  families: [4],
  transports: ['udp'],
  port: 137,
  about: 'answers to a question to all about a NetBIOS name (RFC 1002)',
  linux: 'nf_conntrack_netbios_ns',
  policies: [{ name: 'netbios-ns', maxExpected: 1, timeoutUs: 3_000_000 }],
};

export class NetbiosNs implements CtHelper {
  readonly name = NETBIOS_NS.name;
  readonly family = 4;
  readonly proto = IPPROTO_UDP;
  readonly port = NETBIOS_NS.port;
  readonly policies = NETBIOS_NS.policies;
  private readonly services: AlgServices;
  private readonly expecting: Expecting;

  constructor(services: AlgServices) {
    this.services = services;
    this.expecting = new Expecting(services);
  }

  forget(entry: number): void {
    this.services.flows.end(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    this.services.flows.packet(entry, this.name, pkt);
    expectAnswersOfAll(this.services, this.expecting, this, pkt, entry, ctInfo);
    return Verdict.ACCEPT;
  }
}
