/**
 * A gateway with helpers between two machines that speak TCP: `inside` (10.0.0.2, fd00:a::2) and `outside`
 * (198.51.100.7, 2001:db8:9::7). What one sends passes the gateway; the other puts it together by sequence numbers and
 * answers with acknowledgements, so that a wrong number anywhere shows as a stream that does not arrive.
 */
import assert from 'node:assert/strict';
import { DEFAULT_HELPERS, installHelpers, type FlowTable, type HelperSettings } from '../../src/alg/index.ts';
import { SeededRng, VirtualClock } from '../../src/base/index.ts';
import { ethernet, tcp, type Ends } from '../../src/conform/frames.ts';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { parseHostConfig } from '../../src/stack/config.ts';
import { Gateway } from '../../src/stack/gateway.ts';
import { formatIp } from '../../src/wire/address.ts';
import { transportSum, fold } from '../../src/wire/checksum.ts';
import { dissectEthernet, hasPorts } from '../../src/wire/dissect.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import * as wireTcp from '../../src/wire/tcp.ts';
import * as tcpOptions from '../../src/wire/tcp-options.ts';

const MACS = {
  eth0: ['02:00:00:00:00:01', '02:00:00:00:01:01'],
  eth1: ['02:00:00:00:00:02', '02:00:00:00:01:02'],
} as const;
type Iface = keyof typeof MACS;

const GATEWAY = {
  interfaces: {
    eth0: { mac: MACS.eth0[0], addresses: ['10.0.0.1/24', 'fd00:a::1/64'] },
    eth1: { mac: MACS.eth1[0], addresses: ['203.0.113.1/24', '2001:db8:1::1/64'] },
  },
  neighbours: 'assume',
  routes: [
    { to: 'default', via: '203.0.113.254', dev: 'eth1' },
    { to: 'default', via: '2001:db8:1::fe', dev: 'eth1' },
  ],
};

/** Tables for a few connections: many worlds are made. */
const SMALL = { 'net.netfilter.nf_conntrack_max': 1024 };

export interface WorldOptions {
  readonly family?: 4 | 6;
  readonly nat?: boolean;
  readonly settings?: Partial<HelperSettings>;
  /** What the rule says: protocol, port and name of the helper. */
  readonly helper?: string;
  /** In the place of all rules that follow from the rest. */
  readonly rules?: string;
  readonly sysctl?: Readonly<Record<string, number>>;
}

export interface Seen {
  readonly iface: Iface;
  readonly pkt: PacketBuffer;
}

export class World {
  readonly clock = new VirtualClock(1_700_000_000_000_000);
  readonly gateway: Gateway;
  readonly flows: FlowTable;
  readonly family: 4 | 6;
  readonly log: string[] = [];
  readonly inside: string;
  readonly outside: string;
  /** What the outside sees instead of the inner machine's address. */
  readonly shown: string;
  private out: Seen[] = [];
  private count = 0;

  constructor({ family = 4, nat = false, settings = {}, helper, rules, sysctl = {} }: WorldOptions = {}) {
    this.family = family;
    this.inside = family === 4 ? '10.0.0.2' : 'fd00:a::2';
    this.outside = family === 4 ? '198.51.100.7' : '2001:db8:9::7';
    this.shown = !nat ? this.inside : family === 4 ? '203.0.113.1' : '2001:db8:1::1';
    const { log } = this;
    const rng = new SeededRng(5);
    const sink = { wanted: true, line: ({ text }: { text: string }) => void log.push(text) };
    this.gateway = new Gateway(parseHostConfig({ ...GATEWAY, sysctl: { ...SMALL, ...sysctl } }), {
      clock: this.clock,
      rng,
      log: sink,
      sink: {
        frame: (device, bytes, start, end) => this.take(device.name as Iface, bytes.slice(start, end)),
      },
    });
    const { conntrack, nat: translation, sequences, host: networks } = this.gateway;
    this.flows = installHelpers(
      { clock: this.clock, rng, log: sink, conntrack, nat: translation, sequences, networks },
      { ...DEFAULT_HELPERS, ...settings },
    );
    this.flows.wanted = true;
    const source = nat ? this.shown : '';
    this.gateway.load(parseRestore(rules ?? defaultRules(helper, source), { family, file: 'rules' }));
  }

  /** Sends a packet (IP bytes) from a side; returns what the gateway sends then. */
  send(iface: Iface, packet: readonly number[]): Seen[] {
    const [gateway, station] = MACS[iface];
    const frame = ethernet(gateway, station, packet);
    this.out = [];
    this.clock.advanceTo(this.clock.now + 1000);
    const pkt = new PacketBuffer(frame);
    pkt.cause = ++this.count;
    this.gateway.host.receive(this.gateway.host.devices.named(iface)!, pkt);
    this.gateway.netfilter.release(pkt);
    return this.out;
  }

  fromInside(packet: readonly number[]): Seen[] {
    return this.send('eth0', packet);
  }

  fromOutside(packet: readonly number[]): Seen[] {
    return this.send('eth1', packet);
  }

  wait(seconds: number): void {
    this.clock.advanceTo(this.clock.now + seconds * 1_000_000);
  }

  /** As `conntrack -L expect` prints them, without timeouts and masters: `tcp 198.51.100.7:* → 10.0.0.2:1025`. */
  get expectations(): string[] {
    return this.gateway.conntrack.listExpectations(this.family).map((line) => {
      const [src, dst] = [/ src=(\S+)/.exec(line)![1], / dst=(\S+)/.exec(line)![1]];
      const [sport, dport] = [/ sport=(\d+)/.exec(line)![1], / dport=(\d+)/.exec(line)![1]];
      const flags = /(?: ([A-Z,]+))? class=/.exec(line)![1];
      const proto = / ?proto=(\d+)/.exec(line)![1] === '6' ? 'tcp' : 'udp';
      const from = sport === '0' ? '*' : sport;
      return `${proto} ${src}:${from} → ${dst}:${dport}${flags === undefined ? '' : ` ${flags}`}`;
    });
  }

  /** Is a SYN (or with `udp` a datagram) taken for RELATED? */
  isRelated(iface: Iface, ends: Ends, sport: number, dport: number): boolean {
    this.send(iface, tcp(ends, { sport, dport, seq: 1, flags: 'S' }));
    const lines = this.gateway.conntrack.list(this.family);
    const line = lines.find((one) =>
      one.includes(` src=${ends.from} dst=${ends.to} sport=${sport} dport=${dport} `),
    );
    if (line === undefined) return false;
    for (const entry of this.gateway.conntrack.entries(this.family)) {
      if (this.gateway.conntrack.describe(entry) === line) return this.gateway.conntrack.master(entry) !== 0;
    }
    return false;
  }

  private take(iface: Iface, frame: Uint8Array): void {
    const pkt = new PacketBuffer(frame);
    dissectEthernet(pkt);
    if (pkt.family === 0) return;
    if (hasPorts(pkt.proto)) {
      assert.equal(fold(transportSum(pkt)), 0xffff, 'a packet leaves with its checksum right');
    }
    this.out.push({ iface, pkt });
  }
}

function defaultRules(helper: string | undefined, source: string): string {
  const raw = helper === undefined ? '' : `*raw\n-A PREROUTING ${helper}\nCOMMIT\n`;
  const nat = source === '' ? '' : `*nat\n-A POSTROUTING -o eth1 -j SNAT --to-source ${source}\nCOMMIT\n`;
  return `${raw}${nat}*filter\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n`;
}

/** One end of a TCP connection: sends what it is told, puts together what it gets. */
class End {
  seq: number;
  readonly first: number;
  /** What has arrived in order. */
  received = '';
  private next = 0;
  private readonly early = new Map<number, Uint8Array>();
  /** The other end acknowledged everything before this number. */
  acknowledged: number;

  constructor(seq: number) {
    this.first = seq;
    this.seq = seq;
    this.acknowledged = seq;
  }

  get ack(): number {
    return this.next;
  }

  take(pkt: PacketBuffer): void {
    const { bytes, l4, l3End } = pkt;
    const flags = wireTcp.flags(bytes, l4);
    const seq = wireTcp.seq(bytes, l4);
    if ((flags & wireTcp.ACK) !== 0) this.acknowledged = wireTcp.ack(bytes, l4);
    if ((flags & wireTcp.SYN) !== 0) this.next = (seq + 1) | 0;
    const start = l4 + wireTcp.headerLength(bytes, l4);
    if (start < l3End) this.early.set(seq, bytes.slice(start, l3End));
    for (let found = true; found;) {
      found = false;
      for (const [at, piece] of this.early) {
        const old = (this.next - at) | 0;
        if (old < 0) continue;
        this.early.delete(at);
        if (old >= piece.length) continue;
        this.received += Buffer.from(piece.subarray(old)).toString('latin1');
        this.next = (at + piece.length) | 0;
        found = true;
      }
    }
  }
}

export interface TalkOptions {
  readonly port?: number;
  readonly serverPort?: number;
  /** The client is outside: the server, inside, is reached by its own address (no translation). */
  readonly inward?: boolean;
  readonly handshake?: boolean;
}

/** A TCP connection between the two machines; the client is inside unless said otherwise. */
export class Talk {
  readonly client = new End(1000);
  readonly server = new End(0x7ffffff0);
  readonly world: World;
  readonly port: number;
  readonly serverPort: number;
  private readonly inward: boolean;

  constructor(
    world: World,
    { port = 40_000, serverPort = 21, inward = false, handshake = true }: TalkOptions = {},
  ) {
    this.world = world;
    this.port = port;
    this.serverPort = serverPort;
    this.inward = inward;
    if (!handshake) return;
    this.segment(true, 'S', '');
    this.client.seq++;
    this.segment(false, 'SA', '');
    this.server.seq++;
    this.segment(true, 'A', '');
  }

  /** The client says something, in one segment or cut at these places; both ends acknowledge. */
  says(text: string, cuts: readonly number[] = []): this {
    return this.pieces(true, text, cuts);
  }

  answers(text: string, cuts: readonly number[] = []): this {
    return this.pieces(false, text, cuts);
  }

  private pieces(isClient: boolean, text: string, cuts: readonly number[]): this {
    const places = [0, ...cuts, text.length];
    for (let i = 0; i + 1 < places.length; i++) this.piece(isClient, text.slice(places[i], places[i + 1]));
    return this;
  }

  private piece(isClient: boolean, text: string): void {
    const end = isClient ? this.client : this.server;
    this.segment(isClient, 'PA', text);
    end.seq = (end.seq + text.length) | 0;
    this.segment(!isClient, 'A', '');
  }

  /** One segment, without counting it: for repetitions and disorder. */
  segment(
    isClient: boolean,
    flags: string,
    text: string,
    seq?: number,
    options: readonly number[] = [],
  ): Seen[] {
    const { world } = this;
    const me = isClient ? this.client : this.server;
    const peer = isClient ? this.server : this.client;
    const isInside = isClient !== this.inward;
    const ends = isInside
      ? { from: world.inside, to: world.outside }
      : { from: world.outside, to: this.inward ? world.inside : world.shown };
    const [sport, dport] = isClient ? [this.port, this.serverPort] : [this.serverPort, this.port];
    const packet = tcp(ends, {
      sport,
      dport,
      seq: (seq ?? me.seq) >>> 0,
      ack: flags.includes('A') ? me.ack >>> 0 : 0,
      flags,
      options,
      payload: Buffer.from(text, 'latin1'),
    });
    const seen = isInside ? world.fromInside(packet) : world.fromOutside(packet);
    for (const { pkt } of seen) peer.take(pkt);
    return seen;
  }
}

/** Source and destination of a packet as text. */
export function endsOf({ family, src0, src1, src2, src3, dst0, dst1, dst2, dst3 }: PacketBuffer): string {
  return `${formatIp(family, src0, src1, src2, src3)} → ${formatIp(family, dst0, dst1, dst2, dst3)}`;
}

/** The SACK blocks of a segment, as pairs of numbers. */
export function sackBlocks({ bytes, l4, l3End }: PacketBuffer): number[] {
  const end = tcpOptions.end(bytes, l4, l3End);
  for (let at = tcpOptions.start(l4), n = 0; (n = tcpOptions.optionLength(bytes, at, end)) > 0; at += n) {
    if (bytes[at] !== tcpOptions.SACK) continue;
    return Array.from({ length: (n - 2) / 4 }, (_, i) => Buffer.from(bytes).readUInt32BE(at + 2 + i * 4));
  }
  return [];
}
