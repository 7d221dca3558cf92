/**
 * Amanda, the backup program: a client's answer `CONNECT DATA 11221 MESG 11222 INDEX 11223` names up to four TCP ports
 * that the server connects to. As Linux's nf_conntrack_amanda and nf_nat_amanda have it.
 */
import { directionOf } from '../netfilter/conntrack/ct-info.ts';
import { Entered } from '../netfilter/conntrack/expectations.ts';
import type { Family } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { destinationOf, sourceOf } from './address.ts';
import { bytesOfText, digits, indexOfBytes } from './byte-text.ts';
import { Helper } from './helper.ts';
import { THREE_MINUTES_US, type HelperFacts } from './helper-facts.ts';
import { payloadStart, replaceBytes } from './payload.ts';
import type { AlgServices } from './services.ts';

/** Answers can be long in coming: the connection that asked lives as long after each. */
const MASTER_TIMEOUT_US = 300_000_000;

export const AMANDA: HelperFacts = {
  name: 'amanda',
  families: [4, 6],
  transports: ['udp'],
  port: 10080,
  about: 'connections to a backup client of Amanda',
  linux: 'nf_conntrack_amanda, nf_nat_amanda',
  policies: [{ name: 'amanda', maxExpected: 4, timeoutUs: THREE_MINUTES_US }],
  limits: [['a connection lives on without an answer', MASTER_TIMEOUT_US / 1_000_000, 's']],
};

const CONNECT = bytesOfText('CONNECT ');
const STREAMS = ['DATA ', 'MESG ', 'INDEX ', 'STATE '].map(bytesOfText);
const NEWLINE = 0x0a;
/** Digits of a port that are looked at. */
const PORT_DIGITS = 5;

export class Amanda extends Helper {
  constructor(family: Family, services: AlgServices) {
    super(AMANDA, family, IPPROTO_UDP, services);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const flow = this.services.flows.packet(entry, this.name, pkt);
    if (directionOf(ctInfo) === 0) return Verdict.ACCEPT;
    this.services.conntrack.prolong(entry, MASTER_TIMEOUT_US);
    const start = payloadStart(pkt);
    if (start < 0 || start >= pkt.l3End) return Verdict.ACCEPT;
    const connect = indexOfBytes(pkt.bytes, CONNECT, start, pkt.l3End);
    if (connect < 0) return Verdict.ACCEPT;
    flow.command = 'CONNECT';
    // Offsets into the datagram: rewriting may move it.
    return this.streams(pkt, entry, connect + CONNECT.length - pkt.l4);
  }

  private streams(pkt: PacketBuffer, entry: number, from: number): number {
    const lineEnd = pkt.bytes.indexOf(NEWLINE, pkt.l4 + from);
    if (lineEnd < 0 || lineEnd >= pkt.l3End) return Verdict.ACCEPT;
    let stop = lineEnd - pkt.l4;
    for (const word of STREAMS) {
      const at = indexOfBytes(
        pkt.bytes,
        word,
        pkt.l4 + from,
        Math.min(pkt.l4 + stop + word.length, pkt.l3End),
      );
      if (at < 0) continue;
      const first = at + word.length;
      const length = digits(pkt.bytes, first, Math.min(pkt.l4 + stop, first + PORT_DIGITS));
      const port = Number(String.fromCharCode(...pkt.bytes.subarray(first, first + length))) & 0xffff;
      if (port === 0) break;
      const before = pkt.l3End - pkt.l4;
      const verdict = this.expect(pkt, entry, port, first, length);
      if (verdict !== Verdict.ACCEPT) return verdict;
      stop += pkt.l3End - pkt.l4 - before;
    }
    return Verdict.ACCEPT;
  }

  private expect(pkt: PacketBuffer, entry: number, port: number, at: number, length: number): number {
    const { expecting } = this;
    const original = expecting.tuple(entry, 0);
    const expectation = expecting.make(entry, this, {
      family: this.family,
      proto: IPPROTO_TCP,
      from: sourceOf(original),
      to: destinationOf(original),
      toPort: port,
    });
    if (!expecting.isTranslated(entry)) {
      if (expecting.enter(expectation) === Entered.OK) return Verdict.ACCEPT;
      return this.refuse(pkt, 'cannot add expectation');
    }
    expectation.savedPort = port;
    expectation.direction = 0;
    expectation.onExpected = expecting.followMaster;
    const seen = expecting.enterWithPort(expectation, port);
    if (seen === 0) return this.refuse(pkt, 'all ports in use');
    if (replaceBytes(pkt, at, length, bytesOfText(String(seen)))) return Verdict.ACCEPT;
    expecting.cancel(expectation);
    return this.refuse(pkt, 'cannot mangle packet');
  }
}
