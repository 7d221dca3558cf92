/**
 * The way out for UDP without root: each pair of a guest's port and a place in the world has a socket of this machine, and one
 * of the world's stack that answers under that place's address. Both go when nothing came for a while (RFC 4787: REQ-5),
 * the one unused for longest when there are too many.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Timer } from '../../base/clock.ts';
import type { Host } from '../../stack/host.ts';
import { NetError } from '../../stack/tcp/index.ts';
import { Udp, type UdpSocket } from '../../stack/udp/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { DestinationPolicy, Target } from './destinations.ts';
import type { Outside } from './outside.ts';
import { Quotas, type GuestOf } from './quotas.ts';
import { flowOf, type Witness, type WorldFlow } from './witness.ts';

const MAX_PAIRS = 2048;
/** Two minutes are the least that RFC 4787 allows; answers to DNS queries come at once, and are not worth so much. */
const IDLE_US = 120_000_000;
const IDLE_DNS_US = 20_000_000;
const DNS_PORT = 53;
/** Datagrams that wait while a socket is being bound. */
const MAX_WAITING = 32;

class Pair {
  readonly inner: UdpSocket;
  readonly outer: Socket;
  readonly idleUs: number;
  readonly guest: string;
  readonly flow: WorldFlow;
  sent = 0;
  received = 0;
  timer: Timer | null = null;
  lastUs = 0;
  /** Null once the outer socket is connected. */
  waiting: Uint8Array[] | null = [];

  constructor(inner: UdpSocket, outer: Socket, idleUs: number, guest: string, flow: WorldFlow) {
    this.flow = flow;
    this.guest = guest;
    this.inner = inner;
    this.outer = outer;
    this.idleUs = idleUs;
  }
}

export class UdpRelay {
  private readonly host: Host;
  readonly udp: Udp;
  private readonly outside: Outside;
  private readonly policy: DestinationPolicy;
  /** In the order of their last use. */
  private readonly pairs = new Set<Pair>();
  private readonly guestOf: GuestOf;
  private readonly quotas: Quotas;
  private readonly witness: Witness;

  constructor(
    host: Host,
    outside: Outside,
    policy: DestinationPolicy,
    guestOf: GuestOf,
    pairsPerGuest: number,
    witness: Witness,
  ) {
    this.witness = witness;
    this.guestOf = guestOf;
    this.quotas = new Quotas(pairsPerGuest);
    this.host = host;
    this.outside = outside;
    this.policy = policy;
    this.udp = new Udp(host);
    this.udp.claim = (pkt) => this.claim(pkt);
  }

  close(): void {
    for (const pair of [...this.pairs]) this.end(pair);
  }

  /** A datagram to a place that nobody has asked for yet, or from another port. */
  private claim(pkt: PacketBuffer): UdpSocket | undefined {
    const target = this.policy.targetOf(pkt);
    if (target === null) return undefined;
    const guest = this.guestOf(pkt);
    if (!this.quotas.take(guest)) {
      this.endOldestOf(guest);
      this.quotas.take(guest);
    }
    if (this.pairs.size >= MAX_PAIRS) this.end(this.pairs.values().next().value!);
    return this.open(pkt, target, guest).inner;
  }

  /** A guest that wants more than its share takes from itself. */
  private endOldestOf(guest: string): void {
    for (const pair of this.pairs) if (pair.guest === guest) return this.end(pair);
  }

  private open(pkt: PacketBuffer, target: Target, guest: string): Pair {
    const inner = this.udp.open({
      family: pkt.family === 6 ? 6 : 4,
      address: Int32Array.of(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3),
      port: pkt.dport,
      reuseAddress: true,
    });
    inner.connect(Int32Array.of(pkt.src0, pkt.src1, pkt.src2, pkt.src3), pkt.sport);
    const outer = createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
    const pair = new Pair(
      inner,
      outer,
      target.port === DNS_PORT ? IDLE_DNS_US : IDLE_US,
      guest,
      flowOf('udp', pkt, this.witness.passedBy()),
    );
    this.witness.opened(pair.flow);
    inner.listener = { onMessage: () => this.toWorld(pair), onError: () => {} };
    outer.on('message', (message) => this.outside.enter(() => this.toGuest(pair, message)));
    // A port that is closed out there is closed for the guest: the next datagram is answered by ICMP.
    outer.on('error', () => this.outside.enter(() => this.end(pair)));
    outer.connect(target.port, target.address, () => this.connected(pair));
    this.touch(pair);
    return pair;
  }

  private connected(pair: Pair): void {
    const { waiting } = pair;
    pair.waiting = null;
    if (this.pairs.has(pair)) for (const bytes of waiting!) pair.outer.send(bytes);
  }

  private toWorld(pair: Pair): void {
    for (let one = pair.inner.receive(); one !== undefined; one = pair.inner.receive()) {
      pair.sent += one.bytes.length;
      if (pair.waiting === null) pair.outer.send(one.bytes);
      else if (pair.waiting.length < MAX_WAITING) pair.waiting.push(one.bytes.slice());
    }
    this.touch(pair);
  }

  private toGuest(pair: Pair, message: Uint8Array): void {
    if (!this.pairs.has(pair)) return;
    pair.received += message.length;
    try {
      pair.inner.send(message);
    } catch (error) {
      // An ICMP error of the guest's about an earlier one: it does not want them.
      if (!(error instanceof NetError)) throw error;
    }
    this.touch(pair);
  }

  private touch(pair: Pair): void {
    const { clock } = this.host;
    pair.lastUs = clock.now;
    this.pairs.delete(pair);
    this.pairs.add(pair);
    pair.timer ??= clock.at(clock.now + pair.idleUs, () => this.check(pair));
  }

  /** The timer runs on while there is traffic, and looks when it is due whether there was any. */
  private check(pair: Pair): void {
    const due = pair.lastUs + pair.idleUs;
    if (due <= this.host.clock.now) this.end(pair);
    else pair.timer = this.host.clock.at(due, () => this.check(pair));
  }

  private end(pair: Pair): void {
    if (!this.pairs.delete(pair)) return;
    this.quotas.give(pair.guest);
    this.witness.ended(pair.flow, pair.sent, pair.received);
    pair.timer?.cancel();
    pair.inner.close();
    pair.outer.close();
  }
}
