/**
 * Runs a packetdrill script against our TCP, on virtual time. As packetdrill itself does, it is the other end of the wire:
 * sequence numbers in scripts begin at 0 on both sides, timestamps are translated, and a segment that a script expects
 * may be several of ours in a row (packetdrill sees what a network card would still have to cut).
 *
 *     npx tsx test/stack/tcp/packetdrill/main.ts script.pkt …
 */
import { SeededRng } from '../../../../src/base/rng.ts';
import { VirtualClock } from '../../../../src/base/clock.ts';
import { Host } from '../../../../src/stack/host.ts';
import { Tcp } from '../../../../src/stack/tcp/index.ts';
import { PacketBuffer } from '../../../../src/wire/packet-buffer.ts';
import type { OptionRecord } from '../../../../src/wire/options.ts';
import * as ipv4 from '../../../../src/wire/ipv4.ts';
import * as tcp from '../../../../src/wire/tcp.ts';
import * as tcpOptions from '../../../../src/wire/tcp-options.ts';
import {
  data,
  ethernet,
  frame,
  icmp as icmpLayer,
  ipv4 as ipv4Layer,
  tcp as tcpLayer,
} from '../../../../src/wire/build.ts';
import { describeFrame } from '../../../../src/wire/index.ts';
import { checkAssertions } from './expression.ts';
import { Calls, type Outcome } from './calls.ts';
import {
  parseScript,
  ScriptError,
  type Event,
  type SegmentSpec,
  type Step,
  type TcpOption,
} from './script.ts';

const START = 1_700_000_000_000_000;
const LOCAL = '192.168.0.1';
const REMOTE = '192.0.2.1';
const REMOTE_WORDS = Int32Array.of(0xc0000201 | 0, 0, 0, 0);
const OUR_MAC = '02:00:00:00:00:01';
const PEER_MAC = '02:00:00:00:00:02';
const PORT = 8080;
/** What packetdrill allows by default. */
const DEFAULT_TOLERANCE_US = 4000;
const ETHERNET = 14;

interface Sent {
  readonly time: number;
  readonly frame: Uint8Array;
}

export class Mismatch extends Error {}

/** Throws Mismatch where the stack does otherwise, ScriptError for what is not understood. */
export function runScript(text: string): void {
  const script = parseScript(text);
  new Run(script.options, script.setup).play(script.steps);
}

class Run {
  private readonly clock = new VirtualClock(START);
  private readonly host: Host;
  private readonly calls: Calls;
  private readonly sent: Sent[] = [];
  private readonly tolerance: number;
  private readonly log: string[] = [];
  private ourIsn = 0;
  private localPort = PORT;
  private remotePort = PORT;
  private isActive = false;
  private hasIsn = false;
  private readonly timestamps = new Map<number, number>();
  private firstTimestamp: readonly [script: number, live: number] | null = null;
  private lastSent: Uint8Array | null = null;
  private now = 0;

  constructor(options: ReadonlyMap<string, string>, setup: readonly string[]) {
    this.tolerance = Number(options.get('tolerance_usecs') ?? DEFAULT_TOLERANCE_US);
    const mtu = Number(options.get('mtu') ?? 1500);
    this.host = Host.fromObject(
      {
        interfaces: { tun0: { mac: OUR_MAC, addresses: [`${LOCAL}/16`], mtu } },
        neighbours: [{ dev: 'tun0', ip: '192.168.255.254', mac: PEER_MAC }],
        routes: [{ to: 'default', via: '192.168.255.254', dev: 'tun0' }],
      },
      {
        clock: this.clock,
        rng: new SeededRng(1),
        sink: {
          frame: (_device, bytes, start, end) => {
            const copy = bytes.slice(start, end);
            this.log.push(`${((this.clock.now - START) / 1e6).toFixed(6)} > ${describeFrame(copy)}`);
            if (copy[ETHERNET + 9] === 6) this.sent.push({ time: this.clock.now - START, frame: copy });
          },
        },
      },
    );
    const stack = new Tcp(this.host);
    this.calls = new Calls(stack, REMOTE_WORDS);
    this.congestion = (name) => (stack.congestion = name);
    for (const command of setup) this.command(command);
  }

  private readonly congestion: (name: string) => void;

  play(steps: readonly Step[]): void {
    steps.forEach((step) => {
      try {
        this.step(step);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const Kind = error instanceof ScriptError ? ScriptError : Mismatch;
        throw new Kind(
          `line ${step.line}: ${error.message}\n${this.log.slice(-Number(process.env['LINES'] ?? 12)).join('\n')}`,
        );
      }
    });
  }

  private step({ time, event }: Step): void {
    const from = time.relative ? this.now + time.us : time.us;
    const until = time.endUs === undefined ? from : time.relative ? this.now + time.endUs : time.endUs;
    if (event.kind === 'outbound') {
      this.expect(event.segment, from, time.any ? Infinity : until, time.any);
      if (!time.any) this.now = Math.max(from, this.clock.now - START);
      return;
    }
    this.advance(from);
    this.now = from;
    switch (event.kind) {
      case 'inbound':
        return this.inject(event.segment);
      case 'icmp':
        return this.injectIcmp(event);
      case 'call':
        return this.call(event, until);
      case 'assert':
        return checkAssertions(event.code, (name) => this.calls.variable(name));
      case 'command':
        return this.command(event.command);
    }
  }

  private advance(us: number): void {
    this.clock.advanceTo(START + us);
  }

  // ── Setup ───────────────────────────────────────────────────────────────────────────────────────────────────

  private command(text: string): void {
    for (const line of text.split('\n').map((part) => part.trim())) {
      if (line === '' || /^(ip |tc |nstat|echo|sleep|ethtool)/.test(line)) continue;
      if (/defaults\.sh$/.test(line)) this.defaults();
      else if (/(^|\/)(sysctl|set_sysctls\.py)\b/.test(line)) this.sysctl(line);
      else throw new ScriptError(`shell command is not known here: ${line}`);
    }
  }

  /** What the script that upstream's tests begin with sets, as far as it is TCP's. */
  private defaults(): void {
    this.sysctl(
      'sysctl net.ipv4.tcp_rmem="4096 540000 15728640" net.ipv4.tcp_wmem="4096 262144 4194304" net.ipv4.tcp_syn_retries=5 ' +
        'net.ipv4.tcp_slow_start_after_idle=0 net.ipv4.tcp_early_retrans=4 net.ipv4.tcp_ecn=0',
    );
  }

  private sysctl(line: string): void {
    const plain = line.replace(/\$\(\(([\d*]+)\)\)/g, (_all, product: string) =>
      String(product.split('*').reduce((a, b) => a * Number(b), 1)),
    );
    for (const [, path, quoted, bare] of plain.matchAll(/([\w./]+)=(?:"([^"]*)"|(\S+))/g)) {
      const name = path!.replace(/^\/proc\/sys\//, '').replaceAll('/', '.');
      const values = (quoted ?? bare!).trim().split(/\s+/);
      if (name === 'net.ipv4.tcp_congestion_control') this.congestion(values[0]!);
      else if (values.length > 1) values.forEach((value, i) => this.setOne(`${name}[${i}]`, value));
      else this.setOne(name, values[0]!);
    }
  }

  private setOne(name: string, value: string): void {
    const spec = this.host.sysctls.spec(name);
    // What is not a matter of TCP here (queues of devices, offloads) changes nothing that a script could see.
    if (spec !== undefined) this.host.sysctls.set(name, Math.min(Number(value), spec.max));
  }

  // ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────

  private call(event: Extract<Event, { kind: 'call' }>, until: number): void {
    if (event.name === 'connect') this.isActive = true;
    const outcome = this.calls.try(event.name, event.args, event.result);
    if (outcome === 'pending') {
      // A blocking call: the events up to its end happen meanwhile, as the script lists them after it.
      this.blocked.push({ event, until });
      return;
    }
    this.compare(event, outcome);
  }

  private readonly blocked: { event: Extract<Event, { kind: 'call' }>; until: number }[] = [];

  /** Calls that wait are tried again after each segment. */
  private retryBlocked(): void {
    for (const entry of this.blocked.splice(0)) {
      const outcome = this.calls.try(entry.event.name, entry.event.args, entry.event.result);
      if (outcome === 'pending') this.blocked.push(entry);
      else this.compare(entry.event, outcome);
    }
  }

  private compare({ name, result, errno }: Extract<Event, { kind: 'call' }>, outcome: Outcome): void {
    if (result === '...') return;
    const expected = errno ?? String(Number(result));
    if (String(outcome) !== expected) throw new Mismatch(`${name} gave ${outcome}, not ${expected}`);
  }

  // ── Segments in ─────────────────────────────────────────────────────────────────────────────────────────────

  private inject(spec: SegmentSpec): void {
    if (/^S/.test(spec.flags) && !spec.flags.includes('.') && spec.seq === 0 && !this.isActive)
      this.newPeer();
    const bytes = frame(
      ethernet({ dst: OUR_MAC, src: PEER_MAC }),
      ipv4Layer({ src: REMOTE, dst: LOCAL, ttl: 255, tos: spec.ecn }),
      tcpLayer({
        srcPort: this.remotePort,
        dstPort: this.localPort,
        seq: spec.seq,
        ack: spec.ack === undefined ? 0 : (this.ourIsn + spec.ack) >>> 0,
        flags: flagBits(spec.flags),
        window: spec.window ?? 0,
        urgentPointer: spec.urgent ?? 0,
        options: (spec.options ?? []).map((option) => this.inboundOption(option)),
      }),
      data(new Uint8Array(spec.length)),
    );
    this.receive(bytes);
  }

  /** A script that opens a second connection from outside means another one. */
  private newPeer(): void {
    if (this.hasIsn) this.remotePort++;
    this.hasIsn = false;
    this.localPort = PORT;
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
        return tcpOptions.timestampsOption(values[0]!, this.liveTimestamp(values[1]!));
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

  private liveTimestamp(script: number): number {
    if (script === 0) return 0;
    const known = this.timestamps.get(script);
    if (known !== undefined || this.firstTimestamp === null) return known ?? script;
    return (this.firstTimestamp[1] + script - this.firstTimestamp[0]) >>> 0;
  }

  private injectIcmp({ icmp }: Extract<Event, { kind: 'icmp' }>): void {
    if (this.lastSent === null) throw new ScriptError('an ICMP error about nothing');
    const quoted = this.lastSent.slice(ETHERNET, ETHERNET + 28);
    new DataView(quoted.buffer).setUint32(24, (this.ourIsn + icmp.seq) >>> 0);
    const code = ICMP_CODES[icmp.code];
    if (icmp.type !== 'unreachable' || code === undefined)
      throw new ScriptError(`ICMP ${icmp.type} ${icmp.code} is not known here`);
    this.receive(
      frame(
        ethernet({ dst: OUR_MAC, src: PEER_MAC }),
        ipv4Layer({ src: REMOTE, dst: LOCAL, ttl: 255 }),
        icmpLayer({ type: 3, code, rest: icmp.mtu }),
        data(quoted),
      ),
    );
  }

  private receive(bytes: Uint8Array): void {
    this.log.push(`${((this.clock.now - START) / 1e6).toFixed(6)} < ${describeFrame(bytes)}`);
    const room = new Uint8Array(64 + bytes.length);
    room.set(bytes, 64);
    const pkt = new PacketBuffer(room, 64, room.length);
    // As with packetdrill's own device, a segment may be longer than the MTU.
    pkt.gsoSize = 1460;
    this.host.receive(this.host.devices.named('tun0')!, pkt);
    this.retryBlocked();
  }

  // ── Segments out ────────────────────────────────────────────────────────────────────────────────────────────

  private expect(spec: SegmentSpec, from: number, until: number, anyTime: boolean): void {
    let collected = 0;
    let isFirst = true;
    do {
      const { time, frame: bytes } = this.nextSent(Math.max(from, until));
      const early = !anyTime && time < from - this.tolerance;
      if (early || time > Math.max(from, until) + this.tolerance) {
        throw new Mismatch(`sent at ${time / 1e6} s, not at ${from / 1e6}`);
      }
      collected += this.compareSegment(bytes, spec, collected, isFirst);
      isFirst = false;
    } while (collected < spec.length);
  }

  private nextSent(until: number): Sent {
    const limit = Math.min(until + this.tolerance, this.now + 3600e6);
    while (this.sent.length === 0 && this.clock.nextDue <= START + limit)
      this.clock.advanceTo(this.clock.nextDue);
    const next = this.sent.shift();
    if (next === undefined) throw new Mismatch('nothing was sent');
    return next;
  }

  /** Compares one of our segments with the part of the expected one that it is; returns its length. */
  private compareSegment(bytes: Uint8Array, spec: SegmentSpec, done: number, isFirst: boolean): number {
    this.lastSent = bytes;
    const l4 = ETHERNET + ipv4.headerLength(bytes, ETHERNET);
    const end = ETHERNET + ipv4.totalLength(bytes, ETHERNET);
    const flags = tcp.flags(bytes, l4);
    const length = end - l4 - tcp.headerLength(bytes, l4);
    if ((flags & tcp.SYN) !== 0 && !this.hasIsn) this.learn(bytes, l4);
    const isLast = done + length >= spec.length;
    const equal = (what: string, ours: number | string, theirs: number | string) => {
      if (ours !== theirs) throw new Mismatch(`${what} is ${ours}, not ${theirs}`);
    };
    const relative = (seq: number) => (seq - this.ourIsn) >>> 0;
    equal('seq', relative(tcp.seq(bytes, l4)), (spec.seq + done) >>> 0);
    if (done + length > spec.length || (!isFirst && length === 0))
      equal('length', done + length, spec.length);
    const wanted = flagBits(spec.flags) & (isLast ? 0xff : ~(tcp.PSH | tcp.FIN));
    // Linux puts PSH on whatever a network card has to cut, and has not always done so.
    const mask = isLast && isFirst ? 0xff : 0xff & ~tcp.PSH;
    equal('flags', flagText(flags & mask), flagText(wanted & mask));
    if (spec.ack !== undefined) equal('ack', tcp.ack(bytes, l4) >>> 0, spec.ack);
    if (spec.window !== undefined) equal('win', tcp.window(bytes, l4), spec.window);
    if (spec.urgent !== undefined) equal('urg', tcp.urgentPointer(bytes, l4), spec.urgent);
    if (!spec.anyEcn) equal('ecn', ipv4.tos(bytes, ETHERNET) & 3, spec.ecn);
    if (spec.options !== undefined)
      equal('options', this.outboundOptions(bytes, l4, end, spec.options), optionsText(spec.options));
    return length;
  }

  private learn(bytes: Uint8Array, l4: number): void {
    this.hasIsn = true;
    this.ourIsn = tcp.seq(bytes, l4);
    this.localPort = tcp.srcPort(bytes, l4);
    this.remotePort = tcp.dstPort(bytes, l4);
  }

  private outboundOptions(bytes: Uint8Array, l4: number, end: number, spec: readonly TcpOption[]): string {
    const expected = spec.find(({ kind }) => kind === 'TS');
    const ours = tcpOptions.parse(bytes, l4, end).map(({ kind, data: value }): TcpOption => {
      const view = new DataView(value.buffer, value.byteOffset, value.length);
      switch (kind) {
        case tcpOptions.MSS:
          return { kind: 'mss', values: [view.getUint16(0)] };
        case tcpOptions.WINDOW_SCALE:
          return { kind: 'wscale', values: [view.getUint8(0)] };
        case tcpOptions.SACK_PERMITTED:
          return { kind: 'sackOK', values: [] };
        case tcpOptions.TIMESTAMPS:
          return {
            kind: 'TS',
            values: [this.scriptTimestamp(view.getUint32(0), expected?.values[0]), view.getUint32(4)],
          };
        case tcpOptions.SACK:
          return {
            kind: 'sack',
            values: Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(4 * i)),
          };
        default:
          return { kind: 'nop', values: [] };
      }
    });
    return optionsText(ours);
  }

  /** Which number of the script stands for our timestamp: the first one seen fixes the offset; it ticks in milliseconds. */
  private scriptTimestamp(live: number, expected: number | undefined): number {
    if (expected === undefined) return live;
    if (this.firstTimestamp === null) this.firstTimestamp = [expected, live];
    this.timestamps.set(expected, live);
    const said = this.firstTimestamp[0] + ((live - this.firstTimestamp[1]) | 0);
    return Math.abs(said - expected) <= Math.ceil(this.tolerance / 1000) ? expected : said;
  }
}

function flagBits(text: string): number {
  const bits: Readonly<Record<string, number>> = {
    S: tcp.SYN,
    F: tcp.FIN,
    R: tcp.RST,
    P: tcp.PSH,
    '.': tcp.ACK,
    U: tcp.URG,
    E: tcp.ECE,
    W: tcp.CWR,
  };
  return [...text].reduce((sum, letter) => sum | (bits[letter] ?? 0), 0);
}

function flagText(bits: number): string {
  return 'FSRP.UEW'
    .split('')
    .filter((_, i) => (bits & (1 << i)) !== 0)
    .join('');
}

function optionsText(options: readonly TcpOption[]): string {
  return options.map(({ kind, values }) => [kind, ...values].join(' ')).join(',');
}

const ICMP_CODES: Readonly<Record<string, number>> = {
  net_unreachable: 0,
  host_unreachable: 1,
  protocol_unreachable: 2,
  port_unreachable: 3,
  frag_needed: 4,
  source_route_failed: 5,
  net_unknown: 6,
  host_unknown: 7,
  source_host_isolated: 8,
  net_prohibited: 9,
  host_prohibited: 10,
  net_unreachable_for_tos: 11,
  host_unreachable_for_tos: 12,
  packet_filtered: 13,
  precedence_violation: 14,
  precedence_cutoff: 15,
};
