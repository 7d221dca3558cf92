/** IRC as Linux's nf_conntrack_irc treats it: packets of the client's, each by itself. */
import { CtInfo } from '../../netfilter/conntrack/ct-info.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { bytesOfText, digits, indexOfBytes } from '../byte-text.ts';
import { Helper } from '../helper.ts';
import { payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { DCC_KINDS, expectDcc, isOwnAddress } from './dcc.ts';
import { IRC } from './facts.ts';

const SEARCHED_BYTES = 4095;
/** `PRIVMSG x ` is no shorter. */
const SHORTEST_START = 10;
/** ` :\1DCC SEND t AAAAAAAA P\1\n` is no shorter, nor its end `AAAAAAAA P\1\n`. */
const SHORTEST_OFFER = 26;
const SHORTEST_END = 12;
const PRIVMSG = 'PRIVMSG ';
const MESSAGE = bytesOfText(' :');
const DCC = '\x01DCC ';
const SPACE = 0x20;
const NEWLINE = 0x0a;

export class LinuxIrc extends Helper {
  /** What the last offer read named, and where it stands. */
  private address = 0;
  private offeredPort = 0;
  private start = 0;
  private end = 0;

  constructor(services: AlgServices) {
    super(IRC, 4, IPPROTO_TCP, services);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    this.services.flows.packet(entry, this.name, pkt);
    if (ctInfo !== CtInfo.ESTABLISHED) return Verdict.ACCEPT;
    const start = payloadStart(pkt);
    if (start < 0 || start >= pkt.l3End) return Verdict.ACCEPT;
    const end = Math.min(pkt.l3End, start + SEARCHED_BYTES);
    const offer = findOffer(pkt.bytes, start, end);
    return offer < 0 ? Verdict.ACCEPT : this.offer(pkt, entry, offer, end);
  }

  private offer(pkt: PacketBuffer, entry: number, from: number, end: number): number {
    const { bytes } = pkt;
    let at = from;
    // As in the kernel, a kind that leads nowhere is passed, and the next is looked for behind it.
    for (const kind of DCC_KINDS) {
      if (!startsWith(bytes, at, `${kind} `)) continue;
      at += kind.length + 1;
      if (!this.read(bytes, at, end)) continue;
      if (this.offeredPort === 0 || !isOwnAddress(this.expecting, entry, this.address)) continue;
      return this.expect(pkt, entry);
    }
    return Verdict.ACCEPT;
  }

  /** `file 3232235521 5000`, on a line that ends within the packet. */
  private read(bytes: Uint8Array, from: number, end: number): boolean {
    let at = from;
    while (bytes[at++] !== SPACE) if (at > end - SHORTEST_END) return false;
    const lineEnd = bytes.indexOf(NEWLINE, at);
    if (lineEnd < 0 || lineEnd >= end) return false;
    this.start = at;
    let length = digits(bytes, at, end);
    this.address = numberAt(bytes, at, length);
    at += length;
    while (bytes[at] === SPACE) if (at++ >= end) return false;
    length = digits(bytes, at, end);
    this.offeredPort = numberAt(bytes, at, length) & 0xffff;
    this.end = at + length;
    return true;
  }

  private expect(pkt: PacketBuffer, entry: number): number {
    const { services } = this;
    const expected = expectDcc(this.expecting, this, entry, this.offeredPort, this.expecting.followMaster);
    if (typeof expected === 'string') return this.refuse(pkt, expected);
    const { text, undo } = expected;
    if (text.length === 0) return Verdict.ACCEPT;
    const seq = tcp.seq(pkt.bytes, pkt.l4);
    const length = this.end - this.start;
    if (!replaceBytes(pkt, this.start, length, text)) {
      undo();
      return this.refuse(pkt, 'cannot mangle packet');
    }
    services.sequences.resize(entry, 0, seq, text.length - length);
    return Verdict.ACCEPT;
  }
}

/** Where the kind of an offer stands, behind `PRIVMSG bob :\1DCC `; -1 for nowhere. */
function findOffer(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end - SHORTEST_START && isBlank(bytes[at]!)) at++;
  if (at < end - SHORTEST_START) {
    if (!startsWith(bytes, at, PRIVMSG, true)) return -1;
    at += PRIVMSG.length;
  }
  const message = indexOfBytes(bytes, MESSAGE, at, end);
  if (message < 0 || message >= end - SHORTEST_OFFER) return -1;
  at = message + MESSAGE.length;
  return startsWith(bytes, at, DCC) ? at + DCC.length : -1;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === 0x0d || byte === NEWLINE;
}

function startsWith(bytes: Uint8Array, at: number, text: string, anyCase = false): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[at + i]!;
    const isLower = anyCase && byte >= 0x61 && byte <= 0x7a;
    if ((isLower ? byte - 0x20 : byte) !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** The low 32 bits of a number in digits, however many. */
function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = (Math.imul(value, 10) + bytes[at + i]! - 0x30) | 0;
  return value;
}
