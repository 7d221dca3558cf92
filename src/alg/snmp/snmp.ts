/**
 * SNMP (nf_conntrack_snmp, nf_nat_snmp_basic): questions that the host asks all stations of a network, and, under
 * translation, the addresses within messages. Like Linux's this changes questions, answers and traps alike, and every
 * value that is an address and equals the one that is translated; what is no message it drops.
 */
import { directionOf } from '../../netfilter/conntrack/ct-info.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { readI32, writeU32 } from '../../wire/bytes.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { expectAnswersOfAll } from '../broadcast.ts';
import { Helper } from '../helper.ts';
import type { HelperFacts } from '../helper-facts.ts';
import { fillTransportChecksum, payloadStart } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { walkAddresses } from './addresses.ts';

export const SNMP: HelperFacts = {
  name: 'snmp',
  families: [4],
  transports: ['udp'],
  port: 161,
  about: 'answers to a question of SNMP to all; addresses in messages under NAT (RFC 3416)',
  linux: 'nf_conntrack_snmp, nf_nat_snmp_basic',
  policies: [{ name: 'snmp', maxExpected: 1, timeoutUs: 30_000_000 }],
};

export const SNMP_TRAP: HelperFacts = {
  name: 'snmp_trap',
  families: [4],
  transports: ['udp'],
  port: 162,
  about: 'addresses in traps of SNMP under NAT',
  linux: 'nf_nat_snmp_basic',
  policies: [],
};

/** The kernel's own words end with a newline too many, which its log shows so. */
const PARSER_FAILED = 'parser failed\\x0a';

export class Snmp extends Helper {
  constructor(facts: HelperFacts, services: AlgServices) {
    super(facts, 4, IPPROTO_UDP, services);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    this.services.flows.packet(entry, this.name, pkt);
    if (this.name === SNMP.name) expectAnswersOfAll(this.services, this.expecting, this, pkt, entry, ctInfo);
    const direction = directionOf(ctInfo);
    if (pkt.sport === SNMP.port && direction === 0) return Verdict.ACCEPT;
    if (pkt.dport === SNMP_TRAP.port && direction !== 0) return Verdict.ACCEPT;
    const start = payloadStart(pkt);
    if (start < 0 || !this.expecting.isTranslated(entry)) return Verdict.ACCEPT;
    return this.translate(pkt, entry, start);
  }

  /** What the source of the connection is called, in both directions, becomes what the other side calls it. */
  private translate(pkt: PacketBuffer, entry: number, start: number): number {
    const from = this.expecting.tuple(entry, 0).src0;
    const to = this.expecting.tuple(entry, 1).dst0;
    if (from === to) return Verdict.ACCEPT;
    const { bytes } = pkt;
    const isMessage = walkAddresses(bytes, start, pkt.l3End, (at) => {
      if (readI32(bytes, at) === from) writeU32(bytes, at, to);
    });
    fillTransportChecksum(pkt);
    if (isMessage) return Verdict.ACCEPT;
    return this.refuse(pkt, PARSER_FAILED);
  }
}
