/** Plays a packetdrill script against our TCP and UDP, on virtual time. */
import { VirtualClock } from '../../../../src/base/clock.ts';
import { SeededRng } from '../../../../src/base/rng.ts';
import { parseAddress } from '../../../../src/stack/address.ts';
import { Host } from '../../../../src/stack/host.ts';
import { Tcp } from '../../../../src/stack/tcp/index.ts';
import { Udp } from '../../../../src/stack/udp/index.ts';
import { describeFrame } from '../../../../src/wire/index.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../../../src/wire/ip-protocol.ts';
import { PacketBuffer } from '../../../../src/wire/packet-buffer.ts';
import { Calls } from './calls.ts';
import { checkAssertions } from './expression.ts';
import type { Outcome } from './outcome.ts';
import { parseScript } from './reader.ts';
import { ScriptError, type CallSpec, type PacketSpec, type Step } from './script.ts';
import { Shell } from './shell.ts';
import { variable } from './tcp-info.ts';
import { Timestamps } from './timestamps.ts';
import type { Progress } from './world.ts';
import { ETHERNET, Mismatch, OUR_MAC, PEER_MAC, Wire } from './wire.ts';

export { Mismatch };

const START = 1_700_000_000_000_000;
const PORT = 8080;
/** What packetdrill allows by default. */
const DEFAULT_TOLERANCE_US = 4000;
/** Segments of a train that a network card has joined: packetdrill's --mss. */
const DEFAULT_MSS = 1460;
/** Names of errno that stand for one number. */
const SAME_NUMBER: Readonly<Record<string, string>> = { EOPNOTSUPP: 'ENOTSUP', EWOULDBLOCK: 'EAGAIN' };
const LINES_SHOWN = 12;
const A_DAY_US = 86_400_000_000;

/** Addresses and MTU as the runners of upstream's scripts give them. */
const WORLDS = {
  4: { local: '192.168.0.1', length: 16, gateway: '192.168.255.254', remote: '192.0.2.1', mtu: 1500 },
  6: {
    local: 'fd3d:a0b:17d6::1',
    length: 64,
    gateway: 'fd3d:a0b:17d6::fffe',
    remote: 'fd3d:fa7b:d17d::1',
    mtu: 1520,
  },
} as const;

export interface RunOptions {
  /** As of the command line, beside what the script itself says: `ip_version`, `mtu`, `tolerance_usecs` … */
  readonly options?: ReadonlyMap<string, string>;
  readonly defines?: ReadonlyMap<string, string>;
}

/** Throws Mismatch where the stack does otherwise, ScriptError for what is not understood or not there. */
export function runScript(text: string, { options, defines }: RunOptions = {}): void {
  const script = parseScript(text, defines);
  new Run(new Map([...(options ?? []), ...script.options])).play(script.setup, script.steps);
}

interface Sent {
  readonly time: number;
  readonly protocol: number;
  readonly frame: Uint8Array;
}

interface Blocked {
  readonly call: CallSpec;
  readonly line: number;
  readonly progress: Progress;
  readonly until: number;
}

class Run {
  private readonly clock = new VirtualClock(START);
  private readonly host: Host;
  private readonly calls: Calls;
  private readonly shell: Shell;
  private readonly wire: Wire;
  private readonly sent: Sent[] = [];
  private blocked: Blocked[] = [];
  private readonly named = new Map<string, number>();
  /** Descriptors that `connect` was called for. */
  private readonly connecting = new Set<string>();
  private readonly tolerance: number;
  private readonly mss: number;
  private readonly log: string[] = [];
  /** When the event before was over; relative times count from there. */
  private now = 0;

  constructor(options: ReadonlyMap<string, string>) {
    const family = options.get('ip_version') === 'ipv6' ? 6 : 4;
    const world = WORLDS[family];
    const local = options.get('local_ip') ?? world.local;
    const remote = options.get('remote_ip') ?? world.remote;
    this.tolerance = Number(options.get('tolerance_usecs') ?? DEFAULT_TOLERANCE_US);
    this.mss = Number(options.get('mss') ?? DEFAULT_MSS);
    const mtu = Number(options.get('mtu') ?? world.mtu);
    this.host = Host.fromObject(
      {
        interfaces: { tun0: { mac: OUR_MAC, addresses: [`${local}/${world.length}`], mtu } },
        neighbours: [{ dev: 'tun0', ip: world.gateway, mac: PEER_MAC }],
        routes: [{ to: `${remote}/${family === 4 ? 32 : 128}`, via: world.gateway, dev: 'tun0' }],
      },
      {
        clock: this.clock,
        rng: new SeededRng(1),
        sink: { frame: (_device, bytes, start, end) => this.noteSent(bytes.slice(start, end), family) },
      },
    );
    const tcp = new Tcp(this.host);
    const bindPort = Number(options.get('bind_port') ?? PORT);
    const ends = { family, remote: parseAddress(remote)!.words, port: PORT, bindPort } as const;
    const files = new Map<string, number>();
    this.calls = new Calls({ tcp, udp: new Udp(this.host), ends, files });
    this.shell = new Shell(this.host, tcp, files);
    const timestamps = new Timestamps(
      Number(options.get('tcp_ts_tick_usecs') ?? 0),
      this.tolerance,
      Number(options.get('tolerance_percent') ?? 0),
    );
    this.wire = new Wire(family, local, remote, PORT, bindPort, timestamps);
  }

  private noteSent(frame: Uint8Array, family: 4 | 6): void {
    const time = this.clock.now - START;
    const protocol = frame[ETHERNET + (family === 4 ? 9 : 6)]!;
    this.log.push(`${(time / 1e6).toFixed(6)} > ${describeFrame(frame)}`);
    if (protocol === IPPROTO_TCP || protocol === IPPROTO_UDP) this.sent.push({ time, protocol, frame });
  }

  play(setup: readonly string[], steps: readonly Step[]): void {
    this.located(1, () => setup.forEach((command) => this.shell.run(command)));
    for (const step of steps) this.located(step.line, () => this.step(step));
    for (const { until } of this.blocked) this.advance(until + this.tolerance);
    for (const { line, call } of this.blocked)
      this.located(line, () => {
        throw new Mismatch(`${call.name} still waits`);
      });
  }

  /** Puts line and last packets on whatever is wrong. */
  private located(line: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      // What a call that waits comes to has its own line already.
      if (!(error instanceof Error) || error.message.startsWith('line ')) throw error;
      if (error instanceof ScriptError) throw new ScriptError(`line ${line}: ${error.message}`);
      throw new Mismatch(`line ${line}: ${error.message}\n${this.log.slice(-LINES_SHOWN).join('\n')}`);
    }
  }

  private step({ line, time, event }: Step): void {
    const from = time.relative ? this.now + time.us : time.us;
    const until = time.endUs === undefined ? from : time.relative ? this.now + time.endUs : time.endUs;
    if (event.kind === 'outbound') {
      this.expect(event.packet, from, time.any ? Infinity : until, time.any);
      this.now = this.clock.now - START;
      return;
    }
    this.advance(from);
    this.now = this.clock.now - START;
    switch (event.kind) {
      case 'inbound':
        return this.inject(event.packet);
      case 'call':
        return this.call(event.call, line, time.endUs === undefined ? null : until);
      case 'assert':
        return checkAssertions(event.code, (name) => variable(name, this.calls.current), this.named);
      case 'command':
        return this.shell.run(event.command);
    }
  }

  /** Timers fire one by one, and calls that wait see what each did. */
  private advance(us: number): void {
    while (this.blocked.length > 0 && this.clock.nextDue <= START + us) {
      this.clock.advanceTo(this.clock.nextDue);
      this.retryBlocked();
    }
    this.clock.advanceTo(START + us);
    this.retryBlocked();
  }

  // ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** A call with an end may wait: what the script lists until then happens meanwhile. */
  private call(call: CallSpec, line: number, until: number | null): void {
    const [fd] = call.args;
    if (call.name === 'listen') this.wire.noteListen();
    if (call.name === 'socket') this.connecting.delete(call.result);
    if (call.name === 'connect' && !this.connecting.has(fd!)) {
      this.connecting.add(fd!);
      this.wire.noteConnect();
    }
    const progress: Progress = { written: 0, since: this.clock.now };
    const outcome = this.calls.try(call, progress);
    if (outcome !== 'pending') return this.compare(call, outcome);
    if (until === null) throw new Mismatch(`${call.name} would wait`);
    this.blocked.push({ call, line, progress, until });
  }

  private retryBlocked(): void {
    const waiting = this.blocked;
    this.blocked = [];
    for (const entry of waiting) {
      const outcome = this.calls.try(entry.call, entry.progress);
      if (outcome === 'pending') {
        this.blocked.push(entry);
        continue;
      }
      this.located(entry.line, () => {
        const late = this.clock.now - START - entry.until;
        if (Math.abs(late) > this.tolerance)
          throw new Mismatch(
            `${entry.call.name} ended at ${(entry.until + late) / 1e6} s, not at ${entry.until / 1e6}`,
          );
        this.compare(entry.call, outcome);
      });
    }
  }

  private compare({ name, result, errno }: CallSpec, outcome: Outcome): void {
    if (result === '...') return;
    const expected = errno === undefined ? String(Number(result)) : (SAME_NUMBER[errno] ?? errno);
    if (String(outcome) !== expected) throw new Mismatch(`${name} gave ${outcome}, not ${expected}`);
  }

  // ── Packets ─────────────────────────────────────────────────────────────────────────────────────────────────

  private inject(packet: PacketSpec): void {
    const bytes = this.wire.inbound(packet);
    this.log.push(`${((this.clock.now - START) / 1e6).toFixed(6)} < ${describeFrame(bytes)}`);
    const room = new Uint8Array(64 + bytes.length);
    room.set(bytes, 64);
    const pkt = new PacketBuffer(room, 64, room.length);
    // As with packetdrill's own device, a segment may be longer than the MTU.
    if (packet.protocol === 'tcp' && packet.length > this.mss) pkt.gsoSize = this.mss;
    this.host.receive(this.host.devices.named('tun0')!, pkt);
    this.retryBlocked();
  }

  private expect(spec: PacketSpec, from: number, until: number, anyTime: boolean): void {
    if (spec.protocol === 'icmp') throw new ScriptError('ICMP errors of ours are not known here');
    const protocol = spec.protocol === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP;
    let collected = 0;
    for (let isFirst = true; ; isFirst = false) {
      const { time, frame } = this.nextSent(protocol, Math.max(from, until));
      const early = !anyTime && time < from - this.tolerance;
      if (early || time > Math.max(from, until) + this.tolerance)
        throw new Mismatch(`sent at ${time / 1e6} s, not at ${from / 1e6}`);
      collected += this.wire.compare(frame, spec, collected, isFirst, this.calls.current?.mss ?? 0);
      if (collected >= spec.length) return;
    }
  }

  private nextSent(protocol: number, until: number): Sent {
    const limit = Math.min(until + this.tolerance, this.now + A_DAY_US);
    const isLooked = (sent: Sent) =>
      sent.protocol === protocol && (protocol === IPPROTO_UDP || this.wire.isOfCurrent(sent.frame));
    const ours = () => this.sent.findIndex(isLooked);
    while (ours() < 0 && this.clock.nextDue <= START + limit) {
      this.clock.advanceTo(this.clock.nextDue);
      this.retryBlocked();
    }
    const index = ours();
    if (index < 0) throw new Mismatch('nothing was sent');
    return this.sent.splice(index, 1)[0]!;
  }
}
