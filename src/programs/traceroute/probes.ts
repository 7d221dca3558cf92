/**
 * What traceroute sends, and how it knows its own again: datagrams to ports where nobody listens, echo requests, SYNs. An answer
 * is an ICMP error that quotes the probe, or the target's own word.
 */
import type { Family } from '../../netfilter/hook.ts';
import { readU16, writeU16, writeU32 } from '../../wire/bytes.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as tcp from '../../wire/tcp.ts';
import * as udp from '../../wire/udp.ts';

export type Method = 'udp' | 'icmp' | 'tcp';

const ICMP_HEADER_LENGTH = 8;
/** MSS, SACK, time stamps, window scale. */
const SYN_OPTIONS = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 2];
const SYN_WINDOW = 5840;
const WORD_BYTES = 4;

export class Probes {
  readonly method: Method;
  readonly family: Family;
  /** First UDP port, first sequence number, or the TCP port. */
  private readonly port: number;
  /** Of UDP and TCP the first source port, of ICMP the identifier. */
  private readonly own: number;

  constructor(method: Method, family: Family, port: number, own: number) {
    this.method = method;
    this.family = family;
    this.port = port;
    this.own = own;
  }

  get protocol(): number {
    if (this.method === 'udp') return IPPROTO_UDP;
    if (this.method === 'tcp') return IPPROTO_TCP;
    return this.family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  }

  get checksumAt(): number {
    if (this.method === 'udp') return udp.CHECKSUM_AT;
    return this.method === 'tcp' ? tcp.CHECKSUM_AT : icmp.CHECKSUM_AT;
  }

  /** Probe `n` (from 0), with its header and `size` bytes in all. */
  make(n: number, size: number): Uint8Array {
    const least = this.method === 'tcp' ? tcp.HEADER_LENGTH + SYN_OPTIONS.length : ICMP_HEADER_LENGTH;
    const message = new Uint8Array(Math.max(size, least));
    // As traceroute fills them: from "@" on.
    for (let i = ICMP_HEADER_LENGTH; i < message.length; i++)
      message[i] = 0x40 + ((i - ICMP_HEADER_LENGTH) & 0x3f);
    switch (this.method) {
      case 'udp':
        writeU16(message, 0, this.own + n);
        writeU16(message, 2, this.port + n);
        writeU16(message, 4, message.length);
        break;
      case 'icmp':
        message[0] = this.family === 4 ? icmp.ECHO_REQUEST : icmpv6.ECHO_REQUEST;
        message[1] = 0;
        writeU16(message, 4, this.own);
        writeU16(message, 6, this.port + n);
        break;
      case 'tcp':
        message.fill(0, 0, least);
        writeU16(message, 0, this.own + n);
        writeU16(message, 2, this.port);
        writeU32(message, 4, (this.own << 16) | n);
        message[12] = (least / WORD_BYTES) << 4;
        message[13] = tcp.SYN;
        writeU16(message, 14, SYN_WINDOW);
        message.set(SYN_OPTIONS, tcp.HEADER_LENGTH);
        return message.subarray(0, Math.max(least, size));
    }
    return message;
  }

  /** Which probe an ICMP error quotes, `at` being where its transport header begins; -1 for none. */
  quoted(bytes: Uint8Array, at: number): number {
    switch (this.method) {
      case 'udp': {
        const n = readU16(bytes, at) - this.own;
        return readU16(bytes, at + 2) === this.port + n ? n : -1;
      }
      case 'icmp':
        return readU16(bytes, at + 4) === this.own ? readU16(bytes, at + 6) - this.port : -1;
      case 'tcp':
        return readU16(bytes, at + 2) === this.port ? readU16(bytes, at) - this.own : -1;
    }
  }

  /** Which probe the target itself answers; -1 for none. */
  answered({ bytes, l4, sport, dport }: PacketBuffer): number {
    switch (this.method) {
      case 'udp':
        return sport >= this.port && sport - this.port === dport - this.own ? dport - this.own : -1;
      case 'icmp': {
        const isReply = bytes[l4] === (this.family === 4 ? icmp.ECHO_REPLY : icmpv6.ECHO_REPLY);
        return isReply && readU16(bytes, l4 + 4) === this.own ? readU16(bytes, l4 + 6) - this.port : -1;
      }
      case 'tcp':
        return sport === this.port ? dport - this.own : -1;
    }
  }
}
