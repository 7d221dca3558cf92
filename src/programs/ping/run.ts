/** One run of ping: requests by the clock, answers and errors as they come, and the account at the end. */
import type { Timer } from '../../base/clock.ts';
import { AddressType } from '../../netfilter/host-services.ts';
import { formatIp } from '../../wire/address.ts';
import { readU16, writeU16, writeU32 } from '../../wire/bytes.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { RAW_ERROR_TEXTS } from '../../stack/raw.ts';
import type { Call } from '../program.ts';
import { errorText4, errorText6, milliseconds, quotedSequence, shortNumber, timeText } from './texts.ts';
import { PingMistake, type PingOptions } from './words.ts';

const HEADER_LENGTH = 8;
/** A time stamp, without which nothing is said of times. */
const STAMP_LENGTH = 16;
const US_PER_SECOND = 1_000_000;

export class PingRun {
  private readonly call: Call;
  private readonly host: Host;
  private readonly options: PingOptions;
  private readonly isV4: boolean;
  private readonly id: number;
  private readonly startedAt: number;
  private readonly sentAt = new Map<number, number>();
  private readonly answered = new Set<number>();
  private stopListening: () => void = () => {};
  private timer: Timer | null = null;
  private deadline: Timer | null = null;
  private lastSentAt: number;
  private sent = 0;
  private received = 0;
  private duplicates = 0;
  private errors = 0;
  private least = Infinity;
  private most = 0;
  private total = 0;
  private squares = 0;
  private pipe = 0;
  private isOver = false;

  constructor(call: Call, host: Host, options: PingOptions) {
    this.call = call;
    this.host = host;
    this.options = options;
    this.isV4 = options.address.family === 4;
    this.id = host.raw.nextIdentifier();
    this.startedAt = this.lastSentAt = call.clock.now;
  }

  /** Throws PingMistake when there is no way. */
  start(): void {
    const { address, source, device, mark, mayBroadcast, target, size } = this.options;
    const { family, words } = address;
    const [w0, w1, w2, w3] = words;
    const isBroadcast = this.host.addressType(family, w0!, w1!, w2!, w3!, 0) === AddressType.BROADCAST;
    if (isBroadcast && !mayBroadcast) {
      throw new PingMistake(
        'ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules',
        2,
      );
    }
    const way = this.host.raw.connect({ family, destination: words, source: source?.words, device, mark });
    if (typeof way === 'string') throw new PingMistake(`ping: connect: ${RAW_ERROR_TEXTS[way]}`, 2, true);
    if (isBroadcast) this.call.io.err.write('WARNING: pinging broadcast address\n');
    if (this.options.pattern !== undefined) {
      this.print(
        `PATTERN: 0x${[...this.options.pattern].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`,
      );
    }
    const text = (of: Int32Array) => formatIp(family, of[0]!, of[1]!, of[2]!, of[3]!);
    const isBound = source !== undefined || (device !== undefined && !target.includes('%'));
    const from = isBound ? ` from ${text(way)} ${device?.name ?? ''}:` : '';
    this.print(
      this.isV4
        ? `PING ${target} (${text(words)})${from} ${size}(${size + HEADER_LENGTH + ipv4.HEADER_LENGTH}) bytes of data.`
        : `PING ${target}(${target})${from} ${size} data bytes`,
    );
    const protocol = this.isV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    this.stopListening = this.host.raw.listen(family, protocol, (pkt, on) => this.hear(pkt, on));
    const { clock } = this.call;
    const { deadlineUs } = this.options;
    if (deadlineUs !== Infinity) this.deadline = clock.at(clock.now + deadlineUs, () => this.finish());
    this.sendNext();
  }

  private print(line: string): void {
    this.call.io.out.write(`${line}\n`);
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private sendNext(): void {
    const { clock } = this.call;
    const { count, intervalUs, tellsMissing, isQuiet } = this.options;
    if (tellsMissing && !isQuiet && this.sent > 0 && !this.answered.has(this.sent)) {
      this.print(`no answer yet for icmp_seq=${this.sent & 0xffff}`);
    }
    const sequence = ++this.sent;
    this.lastSentAt = clock.now;
    this.sentAt.set(sequence, clock.now);
    this.transmit(sequence);
    if (this.isOver) return;
    this.timer = clock.at(clock.now + Math.max(intervalUs, 1), () => this.sendNext());
    if (sequence < count) return;
    this.timer.cancel();
    this.timer = clock.at(clock.now + this.lastWait(), () => this.finish());
  }

  /** After the last request: two round trips, or the interval; without any answer the time of -W. */
  private lastWait(): number {
    const { intervalUs, lingerUs } = this.options;
    if (this.received === 0) return lingerUs;
    return Math.max(2 * this.most, intervalUs);
  }

  private transmit(sequence: number): void {
    const { address, source, device, ttl, tos, mark, discovery } = this.options;
    const error = this.host.raw.send({
      family: address.family,
      protocol: this.isV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
      destination: address.words,
      source: source?.words,
      payload: this.request(sequence),
      checksumAt: icmp.CHECKSUM_AT,
      ttl,
      tos,
      mark,
      discovery,
      device,
    });
    if (error === undefined) return;
    this.errors++;
    const isTooLong = error === 'EMSGSIZE' && this.host.raw.mtu !== 0;
    const text = isTooLong
      ? `local error: message too long, mtu=${this.host.raw.mtu}`
      : `sendmsg: ${RAW_ERROR_TEXTS[error]}`;
    this.call.io.err.write(`ping: ${text}\n`);
    this.checkEnd();
  }

  private request(sequence: number): Uint8Array {
    const { size, pattern } = this.options;
    const message = new Uint8Array(HEADER_LENGTH + size);
    message[0] = this.isV4 ? icmp.ECHO_REQUEST : icmpv6.ECHO_REQUEST;
    writeU16(message, 4, this.id);
    writeU16(message, 6, sequence & 0xffff);
    for (let i = 0; i < size; i++) message[HEADER_LENGTH + i] = pattern?.[i % pattern.length] ?? i & 0xff;
    if (size >= STAMP_LENGTH) {
      const { now } = this.call.clock;
      message.fill(0, HEADER_LENGTH, HEADER_LENGTH + STAMP_LENGTH);
      writeU32(message, HEADER_LENGTH, Math.floor(now / US_PER_SECOND) >>> 0);
      writeU32(message, HEADER_LENGTH + 8, Math.floor(now % US_PER_SECOND));
    }
    return message;
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private hear(pkt: PacketBuffer, device: Device): void {
    const { bytes, l4, l3End } = pkt;
    if (this.isOver || l4 + HEADER_LENGTH > l3End) return;
    const reply = this.isV4 ? icmp.ECHO_REPLY : icmpv6.ECHO_REPLY;
    if (bytes[l4] === reply) {
      if (readU16(bytes, l4 + 4) === this.id) this.hearReply(pkt, device);
      return;
    }
    const text = this.isV4 ? errorText4(bytes, l4) : errorText6(bytes, l4);
    const inner = l4 + HEADER_LENGTH;
    const quoted = inner + (this.isV4 ? 4 * (bytes[inner]! & 15) : ipv6.HEADER_LENGTH);
    if (text === undefined || quoted + HEADER_LENGTH > l3End) return;
    const request = this.isV4 ? icmp.ECHO_REQUEST : icmpv6.ECHO_REQUEST;
    const sequence = quotedSequence(bytes, quoted, request, this.id);
    if (sequence < 0) return;
    this.errors++;
    if (!this.options.isQuiet)
      this.print(`${this.stamp()}From ${this.senderText(pkt, device)} icmp_seq=${sequence} ${text}`);
    this.checkEnd();
  }

  private hearReply(pkt: PacketBuffer, device: Device): void {
    const { bytes, l3, l4, l3End } = pkt;
    const low = readU16(bytes, l4 + 6);
    // Sequence numbers go round; the newest of that number is meant.
    const sequence = this.sent - ((this.sent - low) & 0xffff);
    const sentAt = this.sentAt.get(sequence);
    if (sentAt === undefined) return;
    const isDuplicate = this.answered.has(sequence);
    const us = Math.max(0, Math.round(this.call.clock.now - sentAt));
    const hasTime = this.options.size >= STAMP_LENGTH;
    if (isDuplicate) this.duplicates++;
    else {
      this.answered.add(sequence);
      this.received++;
      this.pipe = Math.max(this.pipe, this.sent - sequence + 1);
    }
    if (hasTime) {
      this.least = Math.min(this.least, us);
      this.most = Math.max(this.most, us);
      this.total += us;
      this.squares += us * us;
    }
    if (!this.options.isQuiet) {
      const ttl = this.isV4 ? ipv4.ttl(bytes, l3) : ipv6.hopLimit(bytes, l3);
      const time = hasTime ? ` time=${timeText(us)}` : '';
      this.print(
        `${this.stamp()}${l3End - l4} bytes from ${this.senderText(pkt, device)}: icmp_seq=${low} ttl=${ttl}${time}${isDuplicate ? ' (DUP!)' : ''}`,
      );
    }
    this.checkEnd();
  }

  private senderText({ family, src0, src1, src2, src3 }: PacketBuffer, device: Device): string {
    const isLinkLocal = family === 6 && (src0 & 0xffc00000) === (0xfe800000 | 0);
    return `${formatIp(family, src0, src1, src2, src3)}${isLinkLocal ? `%${device.name}` : ''}`;
  }

  private stamp(): string {
    if (!this.options.hasTimes) return '';
    const { now } = this.call.clock;
    const micros = String(Math.floor(now % US_PER_SECOND)).padStart(6, '0');
    return `[${Math.floor(now / US_PER_SECOND)}.${micros}] `;
  }

  /** Nothing is waited for any more. */
  private checkEnd(): void {
    if (this.sent >= this.options.count && this.received + this.errors >= this.options.count) this.finish();
  }

  // ── The account ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Also what Ctrl-C does. */
  finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopListening();
    this.timer?.cancel();
    this.deadline?.cancel();
    const { sent, received, duplicates, errors } = this;
    const lost = sent === 0 ? 0 : ((sent - received) * 100) / sent;
    const elapsed = Math.floor((this.lastSentAt - this.startedAt) / 1000);
    this.print('');
    this.print(`--- ${this.options.target} ping statistics ---`);
    this.print(
      [
        `${sent} packets transmitted, ${received} received`,
        ...(duplicates > 0 ? [`+${duplicates} duplicates`] : []),
        ...(errors > 0 ? [`+${errors} errors`] : []),
        `${shortNumber(lost)}% packet loss`,
        `time ${elapsed}ms`,
      ].join(', '),
    );
    const hasTimes = received > 0 && this.least !== Infinity;
    this.print(hasTimes ? this.times() : '');
    const isShort =
      this.options.deadlineUs !== Infinity &&
      received < this.options.count &&
      this.options.count !== Infinity;
    this.call.exit(received === 0 || isShort ? 1 : 0, { sent, replies: received, errors });
  }

  private times(): string {
    const n = this.received + this.duplicates;
    const mean = Math.floor(this.total / n);
    const deviation = Math.floor(Math.sqrt(Math.max(0, this.squares / n - (this.total / n) ** 2)));
    const figures = [this.least, mean, this.most, deviation].map(milliseconds).join('/');
    return `rtt min/avg/max/mdev = ${figures} ms${this.pipe > 1 ? `, pipe ${this.pipe}` : ''}`;
  }
}
