/**
 * TFTP (RFC 1350): the server answers a read or write request from a port of its own choice, to the port that asked. One
 * answer is expected, from the server asked and from nobody else. Linux's helper takes the first two bytes for enough;
 * the strict kind wants a whole request, sent by who opened the connection.
 */
import { directionOf } from '../netfilter/conntrack/ct-info.ts';
import { Entered } from '../netfilter/conntrack/expectations.ts';
import type { Family } from '../netfilter/hook.ts';
import { Verdict } from '../netfilter/verdict.ts';
import { readU16 } from '../wire/bytes.ts';
import { IPPROTO_UDP } from '../wire/ip-protocol.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { destinationOf, sourceOf } from './address.ts';
import { Helper } from './helper.ts';
import { FIVE_MINUTES_US, type HelperFacts } from './helper-facts.ts';
import { payloadStart } from './payload.ts';
import type { AlgServices } from './services.ts';

export const TFTP: HelperFacts = {
  name: 'tftp',
  families: [4, 6],
  transports: ['udp'],
  port: 69,
  about: 'the answer to a request of TFTP, from another port (RFC 1350)',
  linux: 'nf_conntrack_tftp, nf_nat_tftp',
  policies: [{ name: 'tftp', maxExpected: 1, timeoutUs: FIVE_MINUTES_US }],
};

const READ = 1;
const WRITE = 2;
const OPCODE_LENGTH = 2;

export class Tftp extends Helper {
  private readonly isStrict: boolean;

  constructor(family: Family, services: AlgServices, isStrict: boolean) {
    super(TFTP, family, IPPROTO_UDP, services);
    this.isStrict = isStrict;
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    const { bytes, l3End } = pkt;
    const start = payloadStart(pkt);
    if (start < 0 || start + OPCODE_LENGTH > l3End) return Verdict.ACCEPT;
    const { flows } = this.services;
    const flow = flows.packet(entry, this.name, pkt);
    const opcode = readU16(bytes, start);
    if (opcode !== READ && opcode !== WRITE) return Verdict.ACCEPT;
    if (this.isStrict && (directionOf(ctInfo) !== 0 || !isRequest(bytes, start, l3End))) {
      flows.note(flow, 'note', 'gateway', 'not looked at: no whole request of the client');
      return Verdict.ACCEPT;
    }
    flow.command = opcode === READ ? 'RRQ' : 'WRQ';
    if (flows.wanted)
      flows.note(flow, 'message', 'client', `${flow.command} ${fileName(bytes, start, l3End)}`);
    return this.expect(pkt, entry);
  }

  private expect(pkt: PacketBuffer, entry: number): number {
    const { expecting } = this;
    const back = expecting.tuple(entry, 1);
    const expectation = expecting.make(entry, this, {
      family: this.family,
      proto: IPPROTO_UDP,
      from: sourceOf(back),
      to: destinationOf(back),
      toPort: back.dstId,
    });
    if (expecting.isTranslated(entry)) {
      expectation.savedPort = expecting.tuple(entry, 0).srcId;
      expectation.direction = 1;
      expectation.onExpected = expecting.followMaster;
    }
    if (expecting.enter(expectation) === Entered.OK) return Verdict.ACCEPT;
    return this.refuse(pkt, 'cannot add expectation');
  }
}

/** A file's name and a mode, neither of them empty, each ended by a zero byte. */
function isRequest(bytes: Uint8Array, start: number, end: number): boolean {
  const nameEnd = bytes.indexOf(0, start + OPCODE_LENGTH);
  if (nameEnd < 0 || nameEnd >= end || nameEnd === start + OPCODE_LENGTH) return false;
  const modeEnd = bytes.indexOf(0, nameEnd + 1);
  return modeEnd > nameEnd + 1 && modeEnd < end;
}

function fileName(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start + OPCODE_LENGTH; at < end && bytes[at] !== 0; at++) {
    const byte = bytes[at]!;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return text;
}
