/**
 * FTP as Linux's nf_conntrack_ftp and nf_nat_ftp treat it, expectation by expectation and byte by byte: packets, not
 * messages; no states; PORT and EPRT of the client, 227 and 229 of the server, each at the beginning of a packet that
 * follows a line's end. A packet that ends in the middle of such a message is dropped, so that it comes again whole.
 */
import { CtInfo, directionOf } from '../../netfilter/conntrack/ct-info.ts';
import { Entered } from '../../netfilter/conntrack/expectations.ts';
import type { Family } from '../../netfilter/hook.ts';
import { Verdict } from '../../netfilter/verdict.ts';
import { IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import { destinationOf, sameAddress, sourceOf } from '../address.ts';
import { Helper } from '../helper.ts';
import { LineEnds } from '../line-ends.ts';
import { payloadStart, replaceBytes } from '../payload.ts';
import type { AlgServices } from '../services.ts';
import { FTP } from './facts.ts';
import { KernelNumbers } from './kernel-numbers.ts';
import { formatForm, FtpForm } from './rewrite.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const OPEN = 0x28;
const KEYWORD_LENGTH = 4;

interface Pattern {
  readonly keyword: string;
  readonly form: FtpForm;
  /** The numbers follow the next such byte; 0: directly. */
  readonly skip: number;
}

/** By direction. */
const PATTERNS: readonly (readonly Pattern[])[] = [
  [
    { keyword: 'PORT', form: FtpForm.PORT, skip: SPACE },
    { keyword: 'EPRT', form: FtpForm.EPRT, skip: SPACE },
  ],
  [
    { keyword: '227 ', form: FtpForm.PASV, skip: 0 },
    { keyword: '229 ', form: FtpForm.EPSV, skip: OPEN },
  ],
];

const Found = { NO: 0, WHOLE: 1, PART: 2 } as const;

export class LinuxFtp extends Helper {
  private readonly loose: boolean;
  private readonly lines = new Map<number, readonly [LineEnds, LineEnds]>();
  private readonly numbers = new KernelNumbers();

  constructor(family: Family, services: AlgServices, loose: boolean) {
    super(FTP, family, IPPROTO_TCP, services);
    this.loose = loose;
  }

  override forget(entry: number): void {
    this.lines.delete(entry);
    super.forget(entry);
  }

  help(pkt: PacketBuffer, entry: number, ctInfo: number): number {
    this.services.flows.packet(entry, this.name, pkt);
    if (ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return Verdict.ACCEPT;
    const start = payloadStart(pkt);
    if (start < 0 || start >= pkt.l3End) return Verdict.ACCEPT;
    const direction = directionOf(ctInfo);
    const seq = tcp.seq(pkt.bytes, pkt.l4);
    const next = seq + pkt.l3End - start;
    const endsLine = pkt.bytes[pkt.l3End - 1] === NEWLINE;
    const ends = this.linesOf(entry)[direction]!;
    if (ends.has(seq)) {
      const verdict = this.look(pkt, entry, direction, start);
      if (verdict !== Verdict.ACCEPT) return verdict;
    }
    if (endsLine) ends.add(next);
    return Verdict.ACCEPT;
  }

  private linesOf(entry: number): readonly [LineEnds, LineEnds] {
    let lines = this.lines.get(entry);
    if (lines === undefined) this.lines.set(entry, (lines = [new LineEnds(), new LineEnds()]));
    return lines;
  }

  private look(pkt: PacketBuffer, entry: number, direction: number, start: number): number {
    for (const pattern of PATTERNS[direction]!) {
      const { numbers } = this;
      numbers.address.set(sourceOf(this.expecting.tuple(entry, direction)));
      switch (this.find(pkt.bytes, start, pkt.l3End, pattern)) {
        case Found.NO:
          continue;
        case Found.PART:
          return this.refuse(pkt, `partial matching of \`${pattern.keyword}'`);
        case Found.WHOLE:
          return this.expect(pkt, entry, direction, pattern.form);
      }
    }
    return Verdict.ACCEPT;
  }

  private find(bytes: Uint8Array, start: number, end: number, { keyword, form, skip }: Pattern): number {
    const length = Math.min(end - start, KEYWORD_LENGTH);
    for (let i = 0; i < length; i++) {
      if (upperCase(bytes[start + i]!) !== keyword.charCodeAt(i)) return Found.NO;
    }
    if (end - start <= KEYWORD_LENGTH) return Found.PART;
    let at = start + KEYWORD_LENGTH;
    if (skip !== 0) {
      while (bytes[at] !== skip) if (at++ === end - 1) return Found.PART;
      at++;
    }
    const { numbers } = this;
    switch (form) {
      case FtpForm.PORT:
        numbers.sixNumbers(bytes, at, end, RETURN);
        break;
      case FtpForm.PASV:
        numbers.sixNumbersSomewhere(bytes, at, end);
        break;
      case FtpForm.EPRT:
        numbers.extended(bytes, at, end, this.family);
        break;
      case FtpForm.EPSV:
        numbers.extendedPassive(bytes, at, end);
        break;
    }
    return numbers.length === 0 ? Found.PART : Found.WHOLE;
  }

  private expect(pkt: PacketBuffer, entry: number, direction: number, form: FtpForm): number {
    const { expecting, numbers } = this;
    const back = expecting.tuple(entry, direction ^ 1);
    let to = destinationOf(back);
    if (!sameAddress(numbers.address, sourceOf(expecting.tuple(entry, direction)))) {
      if (!this.loose) return Verdict.ACCEPT;
      to = numbers.address.slice();
    }
    const { port } = numbers;
    const ends = { family: this.family, proto: IPPROTO_TCP, from: sourceOf(back), to, toPort: port };
    const expectation = expecting.make(entry, this, ends);
    if (!expecting.isTranslated(entry)) {
      if (expecting.enter(expectation) === Entered.OK) return Verdict.ACCEPT;
      return this.refuse(pkt, 'cannot add expectation');
    }
    expectation.savedPort = port;
    expectation.direction = direction ^ 1;
    expectation.onExpected = expecting.followMaster;
    const seen = expecting.enterWithPort(expectation, port);
    if (seen === 0) return this.refuse(pkt, 'all ports in use');
    const text = formatForm(form, this.family, destinationOf(back), seen);
    const seq = tcp.seq(pkt.bytes, pkt.l4);
    const { start, length } = numbers;
    if (!replaceBytes(pkt, start, length, text)) {
      expecting.cancel(expectation);
      return this.refuse(pkt, 'cannot mangle packet');
    }
    this.services.sequences.resize(entry, direction, seq, text.length - length);
    return Verdict.ACCEPT;
  }
}

function upperCase(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}
