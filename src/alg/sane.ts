/**
 * SANE, scanners over the network (SANE standard, 5.2.10): the answer to NET_START names the TCP port from which the
 * client fetches the picture. Messages have no length, so like Linux's nf_conntrack_sane this looks at segments that are
 * a request for NET_START and nothing else, and at the answer next after one. There is no rewriting under NAT.
 */
import { CtInfo } from '../netfilter/conntrack/ct-info.ts';
import { Entered } from '../netfilter/conntrack/expectations.ts';
import type { Family } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { readU16, readU32 } from '../wire/bytes.ts';
import { IPPROTO_TCP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { destinationOf, sourceOf } from './address.ts';
import { Helper } from './helper.ts';
import { FIVE_MINUTES_US, type HelperFacts } from './helper-facts.ts';
import { payloadStart } from './payload.ts';
import type { AlgServices } from './services.ts';

export const SANE: HelperFacts = {
  name: 'sane',
  families: [4, 6],
  transports: ['tcp'],
  port: 6566,
  about: 'pictures of a scanner in the network (SANE)',
  linux: 'nf_conntrack_sane',
  policies: [{ name: 'sane', maxExpected: 1, timeoutUs: FIVE_MINUTES_US }],
};

const NET_START = 7;
const STATUS_GOOD = 0;
/** Of a request: code and handle. Of the answer to NET_START: status, two bytes of zero, port. */
const REQUEST_LENGTH = 8;
const ANSWER_LENGTH = 8;

export class Sane extends Helper {
  /** Connections whose next answer is that to NET_START. */
  private readonly starting = new Set<number>();

  constructor(family: Family, services: AlgServices) {
    super(SANE, family, IPPROTO_TCP, services);
  }

  override forget(entry: number): void {
    this.starting.delete(entry);
    super.forget(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const flow = this.services.flows.packet(entry, this.name, pkt);
    const { bytes, l3End } = pkt;
    const start = payloadStart(pkt);
    if (start < 0 || start >= l3End) return Verdict.ACCEPT;
    if (ctInfo === CtInfo.ESTABLISHED) {
      if (l3End - start !== REQUEST_LENGTH) return Verdict.ACCEPT;
      if (readU32(bytes, start) !== NET_START) this.starting.delete(entry);
      else this.starting.add(entry);
      return Verdict.ACCEPT;
    }
    if (ctInfo !== CtInfo.ESTABLISHED_REPLY || !this.starting.delete(entry)) return Verdict.ACCEPT;
    if (l3End - start < ANSWER_LENGTH || readU32(bytes, start) !== STATUS_GOOD) return Verdict.ACCEPT;
    if (readU16(bytes, start + 4) !== 0) return Verdict.ACCEPT;
    flow.command = 'NET_START';
    flow.port = readU16(bytes, start + 6);
    return this.expect(pkt, entry, flow.port);
  }

  private expect(pkt: PacketBuffer, entry: number, port: number): number {
    const { expecting } = this;
    const original = expecting.tuple(entry, 0);
    const expectation = expecting.make(entry, this, {
      family: this.family,
      proto: IPPROTO_TCP,
      from: sourceOf(original),
      to: destinationOf(original),
      toPort: port,
    });
    if (expecting.enter(expectation) === Entered.OK) return Verdict.ACCEPT;
    return this.refuse(pkt, 'cannot add expectation');
  }
}
