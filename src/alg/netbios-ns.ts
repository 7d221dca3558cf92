/**
 * NetBIOS's name service (RFC 1002 5): a question to all stations of a network is answered by the one that has the name.
 * As Linux's nf_conntrack_netbios_ns, for the host's own questions (broadcast.ts); the answers' addresses are left alone.
 */
import { Verdict } from '../netfilter/verdict.ts';
import { IPPROTO_UDP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { expectAnswersOfAll } from './broadcast.ts';
import { Helper } from './helper.ts';
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

export class NetbiosNs extends Helper {
  constructor(services: AlgServices) {
    super(NETBIOS_NS, 4, IPPROTO_UDP, services);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    this.services.flows.packet(entry, this.name, pkt);
    expectAnswersOfAll(this.services, this.expecting, this, pkt, entry, ctInfo);
    return Verdict.ACCEPT;
  }
}
