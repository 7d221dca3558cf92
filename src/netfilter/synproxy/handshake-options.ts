/**
 * The TCP options that matter to a handshake, as SYNPROXY reads and writes them (Linux: synproxy_parse_options,
 * synproxy_build_options), and the cookie that it hides in a timestamp: what a client's SYN offered comes back in the
 * low bits of the timestamp that the client's ACK echoes.
 *
 *   timestamp   ┌────────────────────────────┬───┬───┬──────────────┐
 *               │ milliseconds, low 6 bits 0 │ECN│SAC│ window scale │  scale 15: none was offered
 *               └────────────────────────────┴───┴───┴──────────────┘
 */
import { readI32, readU16, writeU32 } from '../../wire/bytes.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as wire from '../../wire/tcp-options.ts';

/** Bits of `HandshakeOptions.has` (NF_SYNPROXY_OPT_*). ECN is no option, but is offered beside them. */
export const Offer = { MSS: 1, WINDOW_SCALE: 2, SACK: 4, TIMESTAMP: 8, ECN: 16 } as const;

const COOKIE_BITS = 0x3f;
const COOKIE_SCALE = 0x0f;
const COOKIE_SACK = 0x10;
const COOKIE_ECN = 0x20;

const NOP_NOP = (wire.OPTION_NOP << 24) | (wire.OPTION_NOP << 16);
const ALIGNED_TIMESTAMP = (wire.TIMESTAMPS << 8) | wire.TIMESTAMPS_LENGTH;
const ALIGNED_SACK = (wire.SACK_PERMITTED << 8) | wire.SACK_PERMITTED_LENGTH;

export class HandshakeOptions {
  has = 0;
  mss = 0;
  windowScale = 0;
  tsval = 0;
  tsecr = 0;

  /** What a segment says; of an option given twice, the later. False when the header does not lie in the packet. */
  read({ bytes, l4, l3End }: PacketBuffer): boolean {
    this.has = 0;
    this.mss = 0;
    this.windowScale = 0;
    const end = l4 + tcp.headerLength(bytes, l4);
    if (end < l4 + tcp.HEADER_LENGTH || end > l3End) return false;
    for (let at = wire.start(l4), n = 0; (n = wire.optionLength(bytes, at, end)) > 0; at += n) {
      this.take(bytes, at, n);
    }
    return true;
  }

  private take(bytes: Uint8Array, at: number, length: number): void {
    const kind = bytes[at]!;
    if (kind === wire.MSS && length === wire.MSS_LENGTH) {
      this.mss = readU16(bytes, at + 2);
      this.has |= Offer.MSS;
    } else if (kind === wire.WINDOW_SCALE && length === wire.WINDOW_SCALE_LENGTH) {
      this.windowScale = Math.min(bytes[at + 2]!, wire.MAX_WINDOW_SCALE);
      this.has |= Offer.WINDOW_SCALE;
    } else if (kind === wire.SACK_PERMITTED && length === wire.SACK_PERMITTED_LENGTH) {
      this.has |= Offer.SACK;
    } else if (kind === wire.TIMESTAMPS && length === wire.TIMESTAMPS_LENGTH) {
      this.tsval = readI32(bytes, at + 2);
      this.tsecr = readI32(bytes, at + 6);
      this.has |= Offer.TIMESTAMP;
    }
  }

  swapTimestamps(): void {
    const { tsval } = this;
    this.tsval = this.tsecr;
    this.tsecr = tsval;
  }

  /** Of a SYN that offers timestamps: those of its answer, which keep what else was offered. `scale`: what the answer offers. */
  hideInTimestamp(nowUs: number, scale: number): void {
    this.tsecr = this.tsval;
    let bits = COOKIE_SCALE;
    if (this.has & Offer.WINDOW_SCALE) {
      bits = this.windowScale;
      this.windowScale = scale;
    }
    if (this.has & Offer.SACK) bits |= COOKIE_SACK;
    if (this.has & Offer.ECN) bits |= COOKIE_ECN;
    this.tsval = (Math.floor(nowUs / 1000) & ~COOKIE_BITS) | bits;
  }

  /** The other way round, of the client's ACK. */
  findInTimestamp(): void {
    this.windowScale = this.tsecr & COOKIE_SCALE;
    if (this.windowScale !== COOKIE_SCALE) this.has |= Offer.WINDOW_SCALE;
    if (this.tsecr & COOKIE_SACK) this.has |= Offer.SACK;
    if (this.tsecr & COOKIE_ECN) this.has |= Offer.ECN;
  }

  /** Bytes that `write` writes, a multiple of four. */
  get byteLength(): number {
    let words = this.has & Offer.MSS ? 1 : 0;
    if (this.has & Offer.TIMESTAMP) words += 3;
    else if (this.has & Offer.SACK) words += 1;
    if (this.has & Offer.WINDOW_SCALE) words += 1;
    return words * 4;
  }

  write(bytes: Uint8Array, offset: number): void {
    const { has } = this;
    let at = offset;
    if (has & Offer.MSS) {
      writeU32(bytes, at, (wire.MSS << 24) | (wire.MSS_LENGTH << 16) | this.mss);
      at += 4;
    }
    if (has & Offer.TIMESTAMP) {
      writeU32(bytes, at, (has & Offer.SACK ? ALIGNED_SACK << 16 : NOP_NOP) | ALIGNED_TIMESTAMP);
      writeU32(bytes, at + 4, this.tsval);
      writeU32(bytes, at + 8, this.tsecr);
      at += 12;
    } else if (has & Offer.SACK) {
      writeU32(bytes, at, NOP_NOP | ALIGNED_SACK);
      at += 4;
    }
    if (has & Offer.WINDOW_SCALE) {
      const option = (wire.WINDOW_SCALE << 16) | (wire.WINDOW_SCALE_LENGTH << 8) | this.windowScale;
      writeU32(bytes, at, (wire.OPTION_NOP << 24) | option);
    }
  }
}
