/**
 * One run of traceroute: probes with a growing time to live, some at once, and a line for each hop as soon as what stands
 * before it is known.
 */
import type { Timer } from '../../base/clock.ts';
import { formatIp } from '../../wire/address.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Host } from '../../stack/host.ts';
import { RAW_ERROR_TEXTS } from '../../stack/raw.ts';
import type { Call } from '../program.ts';
import { Probes } from './probes.ts';
import type { TraceOptions } from './words.ts';

interface Probe {
  readonly ttl: number;
  sentAt: number;
  /** Answered, or given up. */
  isDone: boolean;
  from: string;
  us: number;
  /** `!H`, or an empty text. */
  mark: string;
  /** Nothing lies behind who answered. */
  isFinal: boolean;
}

const ICMP_HEADER_LENGTH = 8;
const US_PER_MS = 1000;
/** Source ports are taken from here on, that they are not the host's own. */
const FIRST_PORT = 32768;
const PORT_RANGE = 16384;

export class TraceRun {
  private readonly call: Call;
  private readonly host: Host;
  private readonly options: TraceOptions;
  private readonly kinds: Probes;
  private readonly probes: Probe[];
  private readonly stops: (() => void)[] = [];
  private timer: Timer | null = null;
  /** Probes sent, and probes printed. */
  private sent = 0;
  private printed = 0;
  private lastSentAt = -Infinity;
  private lastFrom = '';
  private isOver = false;

  constructor(call: Call, host: Host, options: TraceOptions) {
    this.call = call;
    this.host = host;
    this.options = options;
    const own =
      options.method === 'icmp' ? host.raw.nextIdentifier() : FIRST_PORT + host.rng.below(PORT_RANGE);
    this.kinds = new Probes(options.method, options.address.family, options.port, own);
    const { firstTtl, maxTtl, queries } = options;
    this.probes = Array.from({ length: (maxTtl - firstTtl + 1) * queries }, (_, i) => ({
      ttl: firstTtl + Math.floor(i / queries),
      sentAt: 0,
      isDone: false,
      from: '',
      us: 0,
      mark: '',
      isFinal: false,
    }));
  }

  start(): void {
    const { target, address, maxTtl, source, device, mark } = this.options;
    const { family, words } = address;
    const text = formatIp(family, words[0]!, words[1]!, words[2]!, words[3]!);
    const length = this.headerLength + this.payloadLength;
    this.print(`traceroute to ${target} (${text}), ${maxTtl} hops max, ${length} byte packets\n`);
    const way = this.host.raw.connect({ family, destination: words, source: source?.words, device, mark });
    if (typeof way === 'string') {
      this.call.io.err.write(`connect: ${RAW_ERROR_TEXTS[way]}\n`);
      return this.end(1);
    }
    const errors = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    const { raw } = this.host;
    this.stops.push(raw.listen(family, errors, (pkt) => this.hearIcmp(pkt)));
    if (this.kinds.protocol !== errors) {
      this.stops.push(raw.listen(family, this.kinds.protocol, (pkt) => this.hearTarget(pkt)));
    }
    this.step();
  }

  private get headerLength(): number {
    return this.options.address.family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
  }

  private get payloadLength(): number {
    return this.kinds.make(0, this.options.length - this.headerLength).length;
  }

  private print(text: string): void {
    this.call.io.out.write(text);
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Gives up what took too long, prints what is known, sends what may be sent, and asks the clock for the next time. */
  private step(): void {
    if (this.isOver) return;
    const { now } = this.call.clock;
    for (let n = this.printed; n < this.sent; n++) {
      const probe = this.probes[n]!;
      if (!probe.isDone && now >= this.expiry(n)) probe.isDone = true;
    }
    if (this.printKnown()) return;
    this.sendSome(now);
    if (this.isOver || this.printKnown()) return;
    this.timer?.cancel();
    const next = this.nextTime();
    if (next !== Infinity) this.timer = this.call.clock.at(Math.max(next, now), () => this.step());
  }

  private sendSome(now: number): void {
    const { atOnce, pauseUs, queries, firstTtl } = this.options;
    for (;;) {
      const waiting = this.probes.slice(this.printed, this.sent).filter((probe) => !probe.isDone).length;
      const last = this.finalTtl();
      if (
        this.sent >= this.probes.length ||
        waiting >= atOnce ||
        this.sent >= (last - firstTtl + 1) * queries
      )
        return;
      if (now < this.lastSentAt + pauseUs) return;
      this.transmit(this.sent++, now);
      if (this.isOver) return;
    }
  }

  private transmit(n: number, now: number): void {
    const { address, source, device, tos, mark, dontFragment, length } = this.options;
    const probe = this.probes[n]!;
    probe.sentAt = this.lastSentAt = now;
    const error = this.host.raw.send({
      family: address.family,
      protocol: this.kinds.protocol,
      destination: address.words,
      source: source?.words,
      payload: this.kinds.make(n, length - this.headerLength),
      checksumAt: this.kinds.checksumAt,
      ttl: probe.ttl,
      tos,
      mark,
      discovery: dontFragment ? 'do' : 'dont',
      device,
    });
    if (error === undefined) return;
    this.call.io.err.write(`send: ${RAW_ERROR_TEXTS[error]}\n`);
    this.end(1);
  }

  /** The first hop behind which nothing is. */
  private finalTtl(): number {
    const final = this.probes.find((probe) => probe.isFinal);
    return final?.ttl ?? this.options.maxTtl;
  }

  /** A probe is waited for no longer than some times what others of its hop, or of a later one, took. */
  private expiry(n: number): number {
    const { waitUs, here, near } = this.options;
    const probe = this.probes[n]!;
    const took = (other: Probe) => other.from !== '';
    const same = this.probes.filter((other) => other.ttl === probe.ttl && took(other));
    const later = this.probes.find((other) => other.ttl > probe.ttl && took(other));
    const wait = Math.min(
      waitUs,
      same.length > 0 && here > 0 ? here * Math.max(...same.map(({ us }) => us)) : Infinity,
      later !== undefined && near > 0 ? near * later.us : Infinity,
    );
    return probe.sentAt + wait;
  }

  private nextTime(): number {
    let next = Infinity;
    for (let n = this.printed; n < this.sent; n++)
      if (!this.probes[n]!.isDone) next = Math.min(next, this.expiry(n));
    const { pauseUs } = this.options;
    return pauseUs > 0 && this.sent < this.probes.length ? Math.min(next, this.lastSentAt + pauseUs) : next;
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private hearIcmp(pkt: PacketBuffer): void {
    const { bytes, l4, l3End, family } = pkt;
    if (this.options.method === 'icmp') this.hearTarget(pkt);
    const inner = l4 + ICMP_HEADER_LENGTH;
    const isError = family === 4 ? icmp.isError(bytes[l4]!) : icmpv6.isError(bytes[l4]!);
    const at = inner + (family === 4 ? 4 * (bytes[inner]! & 15) : ipv6.HEADER_LENGTH);
    if (this.isOver || !isError || at + ICMP_HEADER_LENGTH > l3End) return;
    const protocol = family === 4 ? ipv4.protocol(bytes, inner) : ipv6.nextHeader(bytes, inner);
    if (protocol !== this.kinds.protocol) return;
    const n = this.kinds.quoted(bytes, at);
    const { type, code } = { type: bytes[l4]!, code: bytes[l4 + 1]! };
    const isPassing = type === (family === 4 ? icmp.TIME_EXCEEDED : icmpv6.TIME_EXCEEDED);
    const mark = isPassing ? '' : markOf(family, type, code, bytes, l4);
    this.note(n, pkt, mark, !isPassing);
  }

  private hearTarget(pkt: PacketBuffer): void {
    const { words } = this.options.address;
    const { src0, src1, src2, src3 } = pkt;
    const isTarget = src0 === words[0] && src1 === words[1] && src2 === words[2] && src3 === words[3];
    if (!this.isOver && isTarget) this.note(this.kinds.answered(pkt), pkt, '', true);
  }

  private note(n: number, pkt: PacketBuffer, mark: string, isFinal: boolean): void {
    const probe = n >= 0 && n < this.sent ? this.probes[n] : undefined;
    if (probe === undefined || probe.isDone) return;
    probe.isDone = true;
    probe.from = formatIp(pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    probe.us = Math.max(0, this.call.clock.now - probe.sentAt);
    probe.mark = mark;
    probe.isFinal = isFinal;
    // After the packet has been dealt with: what is sent next is no part of it.
    this.timer?.cancel();
    this.timer = this.call.clock.at(this.call.clock.now, () => this.step());
  }

  // ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** True when the last hop is printed. */
  private printKnown(): boolean {
    const { queries } = this.options;
    while (this.printed < this.sent && this.probes[this.printed]!.isDone) {
      const n = this.printed++;
      this.printProbe(this.probes[n]!, n % queries === 0);
      if (n % queries !== queries - 1) continue;
      this.print('\n');
      const hop = this.probes.slice(n - queries + 1, n + 1);
      if (this.printed === this.probes.length || hop.some((probe) => probe.isFinal)) {
        this.end(0);
        return true;
      }
    }
    return false;
  }

  private printProbe({ ttl, from, us, mark }: Probe, isFirst: boolean): void {
    if (isFirst) {
      this.print(String(ttl).padStart(2));
      this.lastFrom = '';
    }
    if (from === '') return this.print(isFirst ? '  *' : ' *');
    if (from !== this.lastFrom) this.print(this.options.isNumeric ? `  ${from}` : `  ${from} (${from})`);
    this.lastFrom = from;
    this.print(`  ${(us / US_PER_MS).toFixed(3)} ms${mark === '' ? '' : ` ${mark}`}`);
  }

  /** Also what Ctrl-C does. */
  interrupt(): void {
    if (this.isOver) return;
    if (this.printed % this.options.queries !== 0) this.print('\n');
    this.end(1);
  }

  private end(status: number): void {
    this.isOver = true;
    this.timer?.cancel();
    for (const stop of this.stops) stop();
    const reached = this.probes.find((probe) => probe.isFinal);
    const hops = reached?.ttl ?? 0;
    this.call.exit(status, { hops, reached: reached !== undefined && reached.mark === '' });
  }
}

/** An unreachable port is what the target says; anything else is told. */
function markOf(family: number, type: number, code: number, bytes: Uint8Array, l4: number): string {
  if (family === 4) {
    if (type !== icmp.DEST_UNREACH) return `!<${type}-${code}>`;
    switch (code) {
      case icmp.NET_UNREACH:
        return '!N';
      case icmp.HOST_UNREACH:
        return '!H';
      case icmp.PROT_UNREACH:
        return '!P';
      case icmp.PORT_UNREACH:
        return '';
      case icmp.FRAG_NEEDED:
        return `!F-${icmp.nextHopMtu(bytes, l4)}`;
      case icmp.SR_FAILED:
        return '!S';
      case icmp.PKT_FILTERED:
        return '!X';
      case icmp.PREC_VIOLATION:
        return '!V';
      case icmp.PREC_CUTOFF:
        return '!C';
      default:
        return `!<${code}>`;
    }
  }
  if (type === icmpv6.PACKET_TOO_BIG) return '!F';
  if (type !== icmpv6.DEST_UNREACH) return `!<${type}-${code}>`;
  return ['!N', '!X', '!<2>', '!H', ''][code] ?? `!<${code}>`;
}
