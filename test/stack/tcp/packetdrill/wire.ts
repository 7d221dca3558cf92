/**
 * The other end of a script's wire: makes the packets that come in, and holds those that went out against the script. As
 * packetdrill does: sequence numbers begin at 0 on both sides, timestamps are translated, and a segment that a script
 * expects may be several of ours in a row (packetdrill sees what a network card would still have to cut).
 */
import type { OptionRecord } from '../../../../src/wire/options.ts';
import {
  data,
  ethernet,
  frame,
  icmp,
  icmpv6,
  ipv4 as ipv4Layer,
  ipv6 as ipv6Layer,
  tcp as tcpLayer,
  udp as udpLayer,
  type Layer,
} from '../../../../src/wire/build.ts';
import * as ipv4 from '../../../../src/wire/ipv4.ts';
import * as ipv6 from '../../../../src/wire/ipv6.ts';
import * as tcp from '../../../../src/wire/tcp.ts';
import * as tcpOptions from '../../../../src/wire/tcp-options.ts';
import { icmpNumbers } from './icmp-names.ts';
import { optionsText, outboundOptions } from './options-seen.ts';
import {
  ScriptError,
  type DatagramSpec,
  type IcmpSpec,
  type IpSpec,
  type PacketSpec,
  type SegmentSpec,
  type TcpOption,
} from './script.ts';
import type { Timestamps } from './timestamps.ts';

export const OUR_MAC = '02:00:00:00:00:01';
export const PEER_MAC = '02:00:00:00:00:02';
export const ETHERNET = 14;
const ECN_BITS = { noecn: 0, ect1: 1, ect0: 2, ce: 3, ect01: 2 };
const TTL = 255;

/** Our stack does otherwise than the script says. */
export class Mismatch extends Error {}

export class Wire {
  private readonly family: 4 | 6;
  private readonly local: string;
  private readonly remote: string;
  private readonly port: number;
  private readonly bindPort: number;
  private readonly timestamps: Timestamps;
  private ourIsn = 0;
  private theirIsn = 0;
  private localPort: number;
  private remotePort: number;
  private hasIsn = false;
  private isAwaitingSyn = false;
  /** Where the numbers of their handshake begin. */
  private firstSeq = 0;
  private lastSent: Uint8Array | null = null;

  constructor(
    family: 4 | 6,
    local: string,
    remote: string,
    port: number,
    bindPort: number,
    timestamps: Timestamps,
  ) {
    this.family = family;
    this.local = local;
    this.remote = remote;
    this.port = this.remotePort = port;
    this.bindPort = this.localPort = bindPort;
    this.timestamps = timestamps;
  }

  // ── In ──────────────────────────────────────────────────────────────────────────────────────────────────────

  inbound(packet: PacketSpec): Uint8Array {
    switch (packet.protocol) {
      case 'tcp':
        return this.segment(packet);
      case 'udp':
        return this.datagram(packet);
      case 'icmp':
        return this.error(packet);
    }
  }

  private packet(ip: IpSpec | null, ...layers: readonly Layer[]): Uint8Array {
    const tos = (ip?.tos ?? 0) | (ip?.ecn === undefined ? 0 : ECN_BITS[ip.ecn]);
    const { remote: src, local: dst } = this;
    const ttl = ip?.ttl ?? TTL;
    return frame(
      ethernet({ dst: OUR_MAC, src: PEER_MAC }),
      this.family === 4
        ? ipv4Layer({ src, dst, ttl, tos })
        : ipv6Layer({ src, dst, hopLimit: ttl, trafficClass: tos }),
      ...layers,
    );
  }

  private segment(spec: SegmentSpec): Uint8Array {
    if (/^S/.test(spec.flags) && !spec.flags.includes('.')) this.noteSyn(spec);
    return this.packet(
      spec.ip,
      tcpLayer({
        srcPort: this.remotePort,
        dstPort: this.localPort,
        seq: (this.theirIsn + spec.seq) >>> 0,
        ack: spec.flags.includes('.') ? (this.ourIsn + (spec.ack ?? 0)) >>> 0 : 0,
        flags: flagBits(spec.flags),
        window: spec.window ?? 0,
        urgentPointer: spec.urgent ?? 0,
        options: (spec.options ?? []).map((option) => this.inboundOption(option)),
      }),
      data(new Uint8Array(spec.length)),
    );
  }

  /** The script listens: the next SYN is of a new connection, those behind it are repetitions. */
  noteListen(): void {
    this.isAwaitingSyn = true;
  }

  /** The script connects: our side chooses its port. */
  noteConnect(): void {
    this.isAwaitingSyn = false;
    this.hasIsn = false;
    this.localPort = 0;
    this.remotePort = this.port;
    this.theirIsn = 0;
  }

  /** As packetdrill: what an earlier connection still sends is not looked at. */
  isOfCurrent(bytes: Uint8Array): boolean {
    const l4 = ETHERNET + (this.family === 4 ? ipv4.headerLength(bytes, ETHERNET) : ipv6.HEADER_LENGTH);
    const isOurs = this.localPort === 0 || tcp.srcPort(bytes, l4) === this.localPort;
    return isOurs && tcp.dstPort(bytes, l4) === this.remotePort;
  }

  private noteSyn(spec: SegmentSpec): void {
    if (!this.isAwaitingSyn) return;
    if (this.hasIsn) this.remotePort++;
    this.isAwaitingSyn = false;
    this.hasIsn = false;
    this.localPort = this.bindPort;
    this.theirIsn = 0;
    this.firstSeq = spec.seq;
  }

  private datagram(spec: DatagramSpec): Uint8Array {
    const dstPort = this.localPort === 0 ? this.bindPort : this.localPort;
    const layer = udpLayer({ srcPort: this.remotePort, dstPort });
    return this.packet(spec.ip, layer, data(new Uint8Array(spec.length)));
  }

  private inboundOption(option: TcpOption): OptionRecord {
    const { values } = option;
    switch (option.kind) {
      case 'mss':
        return tcpOptions.mssOption(values[0]!);
      case 'wscale':
        return tcpOptions.windowScaleOption(values[0]!);
      case 'sackOK':
        return tcpOptions.sackPermittedOption;
      case 'TS':
        return tcpOptions.timestampsOption(values[0]!, this.timestamps.live(values[1]!));
      case 'sack': {
        const blocks: [number, number][] = [];
        for (let i = 0; i < values.length; i += 2)
          blocks.push([(this.ourIsn + values[i]!) >>> 0, (this.ourIsn + values[i + 1]!) >>> 0]);
        return tcpOptions.sackOption(...blocks);
      }
      default:
        return tcpOptions.nop;
    }
  }

  private error({ type, code, mtu, quoted }: IcmpSpec): Uint8Array {
    if (this.lastSent === null) throw new ScriptError('an ICMP error about nothing');
    const l4 = this.family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
    const about = this.lastSent.slice(ETHERNET, ETHERNET + l4 + 8);
    if (quoted.protocol === 'tcp')
      new DataView(about.buffer).setUint32(l4 + 4, (this.ourIsn + quoted.seq) >>> 0);
    const numbers = icmpNumbers(this.family, type, code);
    const layer = this.family === 4 ? icmp : icmpv6;
    return this.packet(null, layer({ type: numbers[0], code: numbers[1], rest: mtu }), data(about));
  }

  // ── Out ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Holds one packet of ours against the part of the expected one, from byte `done` on, that it is; returns its length. */
  compare(
    bytes: Uint8Array,
    spec: SegmentSpec | DatagramSpec,
    done: number,
    isFirst: boolean,
    mss: number,
  ): number {
    this.lastSent = bytes;
    const l4 = ETHERNET + (this.family === 4 ? ipv4.headerLength(bytes, ETHERNET) : ipv6.HEADER_LENGTH);
    const end =
      ETHERNET +
      (this.family === 4
        ? ipv4.totalLength(bytes, ETHERNET)
        : ipv6.HEADER_LENGTH + ipv6.payloadLength(bytes, ETHERNET));
    this.compareIp(bytes, spec.ip);
    if (spec.protocol === 'tcp') return this.compareSegment(bytes, l4, end, spec, done, isFirst, mss);
    equal('length', end - l4 - 8, spec.length);
    this.localPort = (bytes[l4]! << 8) | bytes[l4 + 1]!;
    this.remotePort = (bytes[l4 + 2]! << 8) | bytes[l4 + 3]!;
    return spec.length;
  }

  private compareIp(bytes: Uint8Array, ip: IpSpec): void {
    const tos = this.family === 4 ? ipv4.tos(bytes, ETHERNET) : ipv6.trafficClass(bytes, ETHERNET);
    if (ip.ecn === 'ect01') {
      if ((tos & 3) !== 1 && (tos & 3) !== 2) throw new Mismatch(`ecn is ${tos & 3}, not ect01`);
    } else if (ip.ecn !== undefined) equal('ecn', tos & 3, ECN_BITS[ip.ecn]);
    if (ip.tos !== undefined) equal('tos', tos, ip.tos);
    const ttl = this.family === 4 ? ipv4.ttl(bytes, ETHERNET) : ipv6.hopLimit(bytes, ETHERNET);
    if (ip.ttl !== undefined) equal('ttl', ttl, ip.ttl);
  }

  private compareSegment(
    bytes: Uint8Array,
    l4: number,
    end: number,
    spec: SegmentSpec,
    done: number,
    isFirst: boolean,
    mss: number,
  ): number {
    if (spec.flags.includes('A')) throw new ScriptError('AccECN (RFC 9768) is not there: its flags');
    const flags = tcp.flags(bytes, l4);
    const length = end - l4 - tcp.headerLength(bytes, l4);
    if ((flags & tcp.SYN) !== 0 && !this.hasIsn) this.learn(bytes, l4, spec);
    const isLast = done + length >= spec.length;
    equal('seq', (tcp.seq(bytes, l4) - this.ourIsn) >>> 0, (spec.seq + done) >>> 0);
    if (done + length > spec.length || (!isFirst && length === 0))
      equal('length', done + length, spec.length);
    const wanted = flagBits(spec.flags) & (isLast ? 0xff : ~(tcp.PSH | tcp.FIN));
    // Linux puts PSH on the last segment of whatever a network card has to cut, and has not always done so.
    const mask = isLast && isFirst && length < mss ? 0xff : 0xff & ~tcp.PSH;
    equal('flags', flagText(flags & mask), flagText(wanted & mask));
    if (spec.flags.includes('S') && spec.ack !== undefined && spec.ack > this.firstSeq + 1)
      throw new ScriptError('fast open (RFC 7413) is not there: data of a SYN acknowledged');
    if (spec.ack !== undefined) equal('ack', (tcp.ack(bytes, l4) - this.theirIsn) >>> 0, spec.ack);
    if (spec.window !== undefined) equal('win', tcp.window(bytes, l4), spec.window);
    if (spec.urgent !== undefined) equal('urg', tcp.urgentPointer(bytes, l4), spec.urgent);
    if (spec.options !== undefined) {
      const seen = outboundOptions(bytes, l4, end, spec.options, this.timestamps);
      equal('options', optionsText(seen), optionsText(spec.options));
    }
    this.settleSeq(spec);
    return length;
  }

  /** Our SYN, or the answer to theirs: from here on both sides' numbers begin at 0. */
  private learn(bytes: Uint8Array, l4: number, spec: SegmentSpec): void {
    this.hasIsn = true;
    this.ourIsn = (tcp.seq(bytes, l4) - spec.seq) | 0;
    this.localPort = tcp.srcPort(bytes, l4);
    this.remotePort = tcp.dstPort(bytes, l4);
  }

  /** Handshakes may be written with numbers of any size; behind them, both count from 0. */
  private settleSeq(spec: SegmentSpec): void {
    if (!spec.flags.includes('S') || !spec.flags.includes('.')) return;
    this.ourIsn = (this.ourIsn + spec.seq) | 0;
    this.theirIsn = (this.theirIsn + this.firstSeq) | 0;
    this.firstSeq = 0;
  }
}

function equal(what: string, ours: number | string, theirs: number | string): void {
  if (ours !== theirs) throw new Mismatch(`${what} is ${ours}, not ${theirs}`);
}

const FLAG_BITS: Readonly<Record<string, number>> = {
  S: tcp.SYN,
  F: tcp.FIN,
  R: tcp.RST,
  P: tcp.PSH,
  '.': tcp.ACK,
  U: tcp.URG,
  E: tcp.ECE,
  W: tcp.CWR,
  A: tcp.AE,
};

function flagBits(text: string): number {
  return [...text].reduce((sum, letter) => sum | (FLAG_BITS[letter] ?? 0), 0);
}

function flagText(bits: number): string {
  return [...'FSRP.UEW'].filter((_, i) => (bits & (1 << i)) !== 0).join('');
}
