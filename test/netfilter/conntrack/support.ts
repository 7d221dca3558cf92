/**
 * A rig for connection tracking alone: packets in the notation "segment → state, TCP state, timeout".
 * `>` goes from the client (10.0.0.1 or fd00::1) to the server (10.0.0.2 or fd00::2), `<` the other way.
 */
import { SeededRng, Sysctls, VirtualClock } from '../../../src/base/index.ts';
import { Conntrack } from '../../../src/netfilter/conntrack/conntrack.ts';
import { CtInfo, CtStatus } from '../../../src/netfilter/conntrack/ct-info.ts';
import { Hook } from '../../../src/netfilter/hook.ts';
import { NETFILTER_SYSCTLS } from '../../../src/netfilter/sysctls.ts';
import { Verdict } from '../../../src/netfilter/verdict.ts';
import { writeU16, writeU32 } from '../../../src/wire/bytes.ts';
import { fold, sum, transportSum } from '../../../src/wire/checksum.ts';
import { dissectNetwork } from '../../../src/wire/dissect.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import * as sctp from '../../../src/wire/sctp.ts';
import type { CtTemplate } from '../../../src/netfilter/conntrack/view.ts';

export type Way = '>' | '<';
export const SECOND = 1_000_000;

export const TEMPLATE: CtTemplate = {
  zoneOriginal: 0,
  zoneReply: 0,
  zoneFromMark: false,
  helper: null,
  timeout: null,
  events: 0,
  expectEvents: 0,
  proxied: false,
};
const CLIENT = 0x0a000001;
const SERVER = 0x0a000002;
const PREFIX_V6 = 0xfd000000 | 0;

export interface Segment {
  readonly seq?: number;
  readonly ack?: number;
  readonly len?: number;
  readonly win?: number;
  readonly options?: readonly number[];
  readonly sport?: number;
  readonly dport?: number;
  readonly urgent?: number;
}

const FLAG_LETTERS = 'FSRPAUEC';

export interface RigOptions {
  readonly family?: 4 | 6;
  readonly sysctls?: Readonly<Record<string, number>>;
}

export class Rig {
  readonly clock = new VirtualClock(1_700_000_000 * SECOND);
  readonly sysctls = new Sysctls(NETFILTER_SYSCTLS);
  readonly log: string[] = [];
  readonly ct: Conntrack;
  readonly family: 4 | 6;

  constructor({ family = 4, sysctls = {} }: RigOptions = {}) {
    this.family = family;
    for (const [name, value] of Object.entries(sysctls)) {
      this.sysctls.set(`net.netfilter.nf_conntrack_${name}`, value);
    }
    const log = this.log;
    this.ct = new Conntrack({
      clock: this.clock,
      rng: new SeededRng(7),
      sysctls: this.sysctls,
      log: { wanted: true, line: ({ text }) => void log.push(text) },
    });
    this.ct.require(4);
    this.ct.require(6);
  }

  wait(seconds: number): void {
    this.clock.advanceTo(this.clock.now + seconds * SECOND);
  }

  /** The whole way of a packet: in, confirm, release. Returns `NEW SYN_SENT 120` and the like. */
  pass(pkt: PacketBuffer): string {
    const verdict = this.ct.in(pkt, Hook.PREROUTING);
    if (verdict !== Verdict.ACCEPT) return 'DROP';
    const entry = pkt.ct;
    const state = stateOf(pkt, this.ct);
    if (this.ct.confirm(pkt, Hook.POSTROUTING) !== Verdict.ACCEPT) return 'DROP at confirm';
    const line = entry > 0 ? this.ct.describe(entry) : '';
    this.ct.release(pkt);
    const found = / \d+ (\d+) (?:([A-Z]\w+) )?src=/.exec(line);
    return found === null
      ? state
      : [state, found[2], found[1]].filter((word) => word !== undefined).join(' ');
  }

  packet(way: Way, proto: number, l4: Uint8Array): PacketBuffer {
    const header = this.family === 4 ? 20 : 40;
    const bytes = new Uint8Array(header + l4.length);
    bytes.set(l4, header);
    const from = way === '>' ? 1 : 2;
    if (this.family === 4) {
      bytes[0] = 0x45;
      writeU16(bytes, 2, bytes.length);
      bytes[8] = 64;
      bytes[9] = proto;
      writeU32(bytes, 12, from === 1 ? CLIENT : SERVER);
      writeU32(bytes, 16, from === 1 ? SERVER : CLIENT);
    } else {
      bytes[0] = 0x60;
      writeU16(bytes, 4, l4.length);
      bytes[6] = proto;
      bytes[7] = 64;
      writeU32(bytes, 8, PREFIX_V6);
      bytes[23] = from;
      writeU32(bytes, 24, PREFIX_V6);
      bytes[39] = 3 - from;
    }
    const pkt = new PacketBuffer(bytes);
    dissectNetwork(pkt, 0);
    return pkt;
  }

  tcpPacket(way: Way, flags: string, segment: Segment = {}): PacketBuffer {
    const { seq = 0, ack = 0, len = 0, win = 65535, options = [], urgent = 0 } = segment;
    const { sport = 1025, dport = 80 } = segment;
    const padded = [...options, ...new Array<number>((4 - (options.length % 4)) % 4).fill(1)];
    const l4 = new Uint8Array(20 + padded.length + len);
    writeU16(l4, 0, way === '>' ? sport : dport);
    writeU16(l4, 2, way === '>' ? dport : sport);
    writeU32(l4, 4, seq);
    writeU32(l4, 8, ack);
    l4[12] = ((20 + padded.length) / 4) << 4;
    l4[13] = [...flags].reduce((bits, letter) => bits | (1 << FLAG_LETTERS.indexOf(letter)), 0);
    writeU16(l4, 14, win);
    writeU16(l4, 18, urgent);
    l4.set(padded, 20);
    return this.sealed(this.packet(way, 6, l4), 16);
  }

  tcp(way: Way, flags: string, segment: Segment = {}): string {
    return this.pass(this.tcpPacket(way, flags, segment));
  }

  udpPacket(way: Way, sport = 1025, dport = 53, len = 10, proto = 17): PacketBuffer {
    const l4 = new Uint8Array(8 + len);
    writeU16(l4, 0, way === '>' ? sport : dport);
    writeU16(l4, 2, way === '>' ? dport : sport);
    writeU16(l4, 4, l4.length);
    return this.sealed(this.packet(way, proto, l4), 6);
  }

  udp(way: Way, sport = 1025, dport = 53): string {
    return this.pass(this.udpPacket(way, sport, dport));
  }

  icmpPacket(
    way: Way,
    type: number,
    code: number,
    rest: number,
    body: Uint8Array = new Uint8Array(8),
  ): PacketBuffer {
    const l4 = new Uint8Array(8 + body.length);
    l4[0] = type;
    l4[1] = code;
    writeU32(l4, 4, rest);
    l4.set(body, 8);
    return this.sealed(this.packet(way, this.family === 4 ? 1 : 58, l4), 2);
  }

  icmp(way: Way, type: number, id: number): string {
    return this.pass(this.icmpPacket(way, type, 0, id << 16));
  }

  /** `chunks`: each its type, flags and value. */
  sctp(way: Way, tag: number, ...chunks: readonly (readonly number[])[]): string {
    const body = chunks.flatMap(([type = 0, flags = 0, ...value]) => {
      const length = 4 + value.length;
      return [type, flags, length >> 8, length & 0xff, ...value, ...new Array<number>(-length & 3).fill(0)];
    });
    const l4 = new Uint8Array(12 + body.length);
    writeU16(l4, 0, way === '>' ? 1025 : 80);
    writeU16(l4, 2, way === '>' ? 80 : 1025);
    writeU32(l4, 4, tag);
    l4.set(body, 12);
    sctp.fillChecksum(l4, 0, l4.length);
    return this.pass(this.packet(way, 132, l4));
  }

  /** Puts the right checksum at that offset of the transport header. */
  sealed(pkt: PacketBuffer, at: number): PacketBuffer {
    writeU16(pkt.bytes, pkt.l4 + at, 0);
    const isPlain = pkt.family === 4 && pkt.proto === 1;
    const total = isPlain ? sum(pkt.bytes, pkt.l4, pkt.l3End, 0) : transportSum(pkt);
    writeU16(pkt.bytes, pkt.l4 + at, ~fold(total) & 0xffff || 0xffff);
    return pkt;
  }

  /** Three segments, and the connection stands: client 1001, server 5001 are next. */
  establish(segment: Segment = {}): void {
    this.tcp('>', 'S', { ...segment, seq: 1000 });
    this.tcp('<', 'SA', { ...segment, seq: 5000, ack: 1001 });
    this.tcp('>', 'A', { ...segment, seq: 1001, ack: 5001, options: [] });
  }
}

export function stateOf(pkt: PacketBuffer, ct: Conntrack): string {
  if (pkt.ct <= 0) return pkt.ctInfo === CtInfo.UNTRACKED ? 'UNTRACKED' : 'INVALID';
  const name = ['ESTABLISHED', 'RELATED', 'NEW', 'ESTABLISHED', 'RELATED'][pkt.ctInfo]!;
  return ct.status[pkt.ct]! & CtStatus.ASSURED ? `${name} [ASSURED]` : name;
}
