/**
 * The way out for TCP without root: a guest's connections end in the world's stack, and go on as sockets of this machine.
 *
 *   guest ── SYN ──► claim: a socket is opened to where the guest wants to go; the guest hears nothing yet
 *                      │ it stands      the SYN comes in once more: accepted, and joined to the socket (joint.ts)
 *                      │ it is refused  the SYN comes in once more: nobody listens, so the stack answers with a reset
 *                      │ no way         an ICMP error about the SYN, with the code that fits
 *                      └ no answer      nothing, as from a host that is not there
 */
import type { Socket } from 'node:net';
import { PacketBuffer } from '../../wire/packet-buffer.ts';
import * as icmp from '../../wire/icmp.ts';
import * as icmpv6 from '../../wire/icmpv6.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { Listener, Tcp, WAIT } from '../../stack/tcp/index.ts';
import type { DestinationPolicy } from './destinations.ts';
import { dial, Intake } from '../read-into.ts';
import { FTP_PORT, FtpRelay } from './ftp-relay.ts';
import { join } from './joint.ts';
import type { Outside } from './outside.ts';
import { Quotas, type GuestOf, type QuotaLimit } from './quotas.ts';
import { flowOf, type Witness, type WorldFlow } from './witness.ts';

/** Sockets being opened at once; a SYN beyond is ignored, and its sender tries again. */
const MAX_OPENING = 1024;
/** As Linux gives up on a SYN (tcp_syn_retries 6). */
const OPEN_TIMEOUT_MS = 127_000;

/** For so long a socket waits for the handshake with the guest to end. */
const HANDSHAKE_TIMEOUT_MS = 60_000;

/** What a guest is told of a destination that cannot be had: a reset, or an ICMP error with these codes. */
type Answer = 'reset' | 'silence' | readonly [code4: number, code6: number];

/** A socket that is being opened, until the guest's handshake is over or it knows that there will be none. */
interface Wanted {
  readonly socket: Socket;
  readonly intake: Intake;
  /** Counts for its guest until it is closed. */
  readonly release: () => void;
  readonly syn: PacketBuffer;
  readonly flow: WorldFlow;
  /** Its commands name addresses and ports, which have to be this machine's. */
  readonly isFtp: boolean;
  /** Undefined while nobody knows; null when the socket stands. */
  answer: Answer | null | undefined;
  timer: NodeJS.Timeout | null;
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  ECONNREFUSED: 'reset',
  ECONNRESET: 'reset',
  ENETUNREACH: [icmp.NET_UNREACH, icmpv6.NO_ROUTE],
  EHOSTUNREACH: [icmp.HOST_UNREACH, icmpv6.ADDR_UNREACH],
  EADDRNOTAVAIL: [icmp.NET_UNREACH, icmpv6.NO_ROUTE],
  EACCES: [icmp.PKT_FILTERED, icmpv6.ADM_PROHIBITED],
  EPERM: [icmp.PKT_FILTERED, icmpv6.ADM_PROHIBITED],
};

export class TcpRelay {
  private readonly host: Host;
  private readonly device: Device;
  readonly tcp: Tcp;
  private readonly outside: Outside;
  private readonly policy: DestinationPolicy;
  private readonly wanted = new Map<string, Wanted>();
  private readonly sockets = new Set<Socket>();
  private readonly listener: Listener;
  private readonly guestOf: GuestOf;
  private readonly quotas: Quotas;
  private readonly witness: Witness;

  constructor(
    host: Host,
    device: Device,
    outside: Outside,
    policy: DestinationPolicy,
    guestOf: GuestOf,
    connections: QuotaLimit,
    witness: Witness,
  ) {
    this.witness = witness;
    this.guestOf = guestOf;
    this.quotas = new Quotas(connections);
    this.host = host;
    this.device = device;
    this.outside = outside;
    this.policy = policy;
    this.tcp = new Tcp(host);
    this.tcp.claim = (pkt) => this.claim(pkt);
    // It stands for all addresses and ports; connections come to it by `claim` alone.
    this.listener = new Listener(this.tcp, { port: 0, onConnection: () => this.accept() });
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    for (const key of [...this.wanted.keys()]) this.forget(key);
  }

  private claim(pkt: PacketBuffer): Listener | typeof WAIT | undefined {
    const key = keyOf(pkt);
    const wanted = this.wanted.get(key);
    if (wanted === undefined) return this.open(key, pkt);
    if (wanted.answer === undefined) return WAIT;
    if (wanted.answer === null) return this.listener;
    this.forget(key);
    return this.refuse(pkt, wanted.answer);
  }

  private refuse(pkt: PacketBuffer, answer: Answer): typeof WAIT | undefined {
    if (answer === 'reset') return undefined;
    if (answer === 'silence') return WAIT;
    const [code4, code6] = answer;
    if (pkt.family === 4) this.host.icmp4.error(pkt, icmp.DEST_UNREACH, code4, 0);
    else this.host.icmp6.error(pkt, icmpv6.DEST_UNREACH, code6, 0);
    return WAIT;
  }

  private open(key: string, pkt: PacketBuffer): typeof WAIT | undefined {
    const target = this.policy.targetOf(pkt);
    if (target === null) return this.refuse(pkt, ANSWERS['EACCES']!);
    if (this.wanted.size >= MAX_OPENING) return WAIT;
    const guest = this.guestOf(pkt);
    if (!this.quotas.take(guest)) return this.refuse(pkt, ANSWERS['EACCES']!);
    const intake = new Intake();
    const place = { host: target.address, port: target.port, allowHalfOpen: true, noDelay: true };
    const socket = dial(place, intake);
    const wanted: Wanted = {
      socket,
      intake,
      release: () => this.quotas.give(guest),
      syn: copyOf(pkt),
      flow: flowOf('tcp', pkt, this.witness.passedBy()),
      isFtp: pkt.dport === FTP_PORT || this.witness.helperOf(pkt) === 'ftp',
      answer: undefined,
      timer: null,
    };
    this.wanted.set(key, wanted);
    const settle = (answer: Answer | null) => {
      socket.removeAllListeners();
      socket.on('error', () => {});
      if (wanted.timer !== null) clearTimeout(wanted.timer);
      wanted.timer = setTimeout(() => this.forget(key), HANDSHAKE_TIMEOUT_MS).unref();
      wanted.answer = answer;
      socket.pause();
      // The SYN that waited arrives once more, and now there is an answer to it.
      this.outside.enter(() => this.host.receive(this.device, wanted.syn));
    };
    socket.once('connect', () => settle(null));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(ANSWERS[error.code ?? ''] ?? 'silence'));
    wanted.timer = setTimeout(() => this.forget(key), OPEN_TIMEOUT_MS).unref();
    return WAIT;
  }

  /** The socket is nobody's any more. */
  private forget(key: string): void {
    const wanted = this.wanted.get(key);
    if (wanted === undefined) return;
    if (wanted.timer !== null) clearTimeout(wanted.timer);
    wanted.socket.removeAllListeners();
    wanted.socket.on('error', () => {});
    wanted.socket.destroy();
    wanted.release();
    this.wanted.delete(key);
  }

  /** A handshake with a guest is over. */
  private accept(): void {
    for (let c = this.listener.accept(); c !== undefined; c = this.listener.accept()) {
      const key = keyOfEnds(c.remote, c.remotePort, c.local, c.localPort);
      const wanted = this.wanted.get(key);
      if (wanted === undefined || wanted.socket.destroyed) {
        c.abort();
        continue;
      }
      this.wanted.delete(key);
      if (wanted.timer !== null) clearTimeout(wanted.timer);
      const { socket, intake, release, flow, isFtp } = wanted;
      socket.removeAllListeners();
      this.sockets.add(socket);
      socket.once('close', () => {
        this.sockets.delete(socket);
        release();
        this.outside.enter(() => this.witness.ended(flow, socket.bytesWritten, socket.bytesRead));
      });
      this.witness.opened(flow);
      const ftp = isFtp ? new FtpRelay(this.tcp, this.outside, c, socket) : null;
      join(c, { socket, intake }, this.outside, ftp);
    }
  }
}

function keyOf(pkt: PacketBuffer): string {
  return keyOfEnds(
    [pkt.src0, pkt.src1, pkt.src2, pkt.src3],
    pkt.sport,
    [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3],
    pkt.dport,
  );
}

function keyOfEnds(
  remote: ArrayLike<number>,
  remotePort: number,
  local: ArrayLike<number>,
  localPort: number,
): string {
  return `${Array.from(remote)} ${remotePort} ${Array.from(local)} ${localPort}`;
}

function copyOf(pkt: PacketBuffer): PacketBuffer {
  return new PacketBuffer(pkt.bytes.slice(pkt.start, pkt.end));
}
