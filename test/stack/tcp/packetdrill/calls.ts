/** System calls of scripts, on the sockets of one simulated host. Descriptors have the numbers that scripts give them. */
import type { Connection } from '../../../../src/stack/tcp/connection.ts';
import { NetError, TcpState, type Listener, type Tcp } from '../../../../src/stack/tcp/index.ts';
import { ScriptError } from './script.ts';

/** What a call gives: a value, an error, or nothing yet. */
export type Outcome = number | string | 'pending';

const US_PER_SECOND = 1_000_000;
const PORT = 8080;

interface Descriptor {
  connection: Connection | null;
  listener: Listener | null;
  isNonBlocking: boolean;
  readonly settings: Map<string, number>;
  connected: boolean;
}

export class Calls {
  private readonly tcp: Tcp;
  private readonly remote: Int32Array;
  private readonly descriptors = new Map<number, Descriptor>();
  private next = 3;

  constructor(tcp: Tcp, remote: Int32Array) {
    this.tcp = tcp;
    this.remote = remote;
  }

  /** The connection that scripts' assertions are about: the last that was made. */
  get current(): Connection | undefined {
    return (
      [...this.descriptors.values()].findLast(({ connection }) => connection !== null)?.connection ??
      undefined
    );
  }

  /** Tries a call; 'pending' when it would block. New descriptors get the number that the script expects. */
  try(name: string, args: readonly string[], result: string): Outcome {
    if (/^\d+$/.test(result)) this.next = Number(result);
    switch (name) {
      case 'socket':
        return this.open();
      case 'setsockopt':
        return this.setOption(args);
      case 'getsockopt':
        return 0;
      case 'bind':
      case 'fcntl':
        return this.control(name, args);
      case 'listen':
        return this.listen(this.at(args[0]), Number(args[1]));
      case 'accept':
      case 'accept4':
        return this.accept(this.at(args[0]), args);
      case 'connect':
        return this.connect(this.at(args[0]));
      case 'read':
      case 'recv':
      case 'recvfrom':
        return this.read(this.at(args[0]), Number(args[2]));
      case 'write':
      case 'send':
      case 'sendto':
        return this.write(this.at(args[0]), Number(args[2]), args[3] ?? '');
      case 'writev':
      case 'sendmsg':
        return this.write(this.at(args[0]), sizeOf(args[1]!), args[2] ?? '');
      case 'readv':
        return this.read(this.at(args[0]), sizeOf(args[1]!));
      case 'shutdown':
        return this.shutdown(this.at(args[0]), args[1]!);
      case 'close':
        return this.close(Number(args[0]));
      default:
        throw new ScriptError(`system call ${name} is not known here`);
    }
  }

  private at(word: string | undefined): Descriptor {
    const found = this.descriptors.get(Number(word));
    if (found === undefined) throw new ScriptError(`no descriptor ${word}`);
    return found;
  }

  private add(descriptor: Partial<Descriptor>): number {
    const fd = this.next;
    this.descriptors.set(fd, {
      connection: null,
      listener: null,
      isNonBlocking: false,
      settings: new Map(),
      connected: false,
      ...descriptor,
    });
    return fd;
  }

  private open(): number {
    return this.add({});
  }

  private control(name: string, args: readonly string[]): Outcome {
    if (name !== 'fcntl') return 0;
    const descriptor = this.at(args[0]);
    if (args[1] === 'F_GETFL') return descriptor.isNonBlocking ? 0x802 : 2;
    if (args[1] === 'F_SETFL') descriptor.isNonBlocking = args[2]!.includes('O_NONBLOCK');
    return 0;
  }

  private setOption(args: readonly string[]): Outcome {
    const descriptor = this.at(args[0]);
    const option = args[2]!;
    const value =
      option === 'SO_LINGER'
        ? Number(/linger=(\d+)/.exec(args[3]!)?.[1] ?? 0)
        : Number(/-?\d+/.exec(args[3]!)?.[0] ?? 0);
    if (option === 'TCP_CONGESTION') {
      const name = /"(\w+)"/.exec(args[3]!)![1]!;
      if (descriptor.connection !== null) descriptor.connection.setCongestionControl(name);
      else this.tcp.congestion = name;
      return 0;
    }
    descriptor.settings.set(option, value);
    if (descriptor.connection !== null) apply(descriptor.connection, option, value);
    if (descriptor.listener !== null && option === 'SO_RCVBUF') descriptor.listener.receiveBuffer = value;
    return 0;
  }

  private listen(descriptor: Descriptor, backlog: number): Outcome {
    if (descriptor.listener !== null) descriptor.listener.backlog = backlog;
    else descriptor.listener = this.tcp.listen({ port: PORT, backlog });
    const receiveBuffer = descriptor.settings.get('SO_RCVBUF');
    if (receiveBuffer !== undefined) descriptor.listener.receiveBuffer = receiveBuffer;
    return 0;
  }

  private accept(descriptor: Descriptor, args: readonly string[]): Outcome {
    const connection = descriptor.listener!.accept();
    if (connection === undefined) return descriptor.isNonBlocking ? 'EAGAIN' : 'pending';
    for (const [option, value] of descriptor.settings) apply(connection, option, value);
    return this.add({
      connection,
      connected: true,
      isNonBlocking: (args[3] ?? '').includes('SOCK_NONBLOCK'),
    });
  }

  private connect(descriptor: Descriptor): Outcome {
    if (descriptor.connection === null) {
      try {
        descriptor.connection = this.tcp.connect({ family: 4, remote: this.remote, remotePort: PORT });
      } catch (error) {
        if (error instanceof NetError) return error.code;
        throw error;
      }
      for (const [option, value] of descriptor.settings) apply(descriptor.connection, option, value);
      if (descriptor.isNonBlocking) return 'EINPROGRESS';
    }
    const { connection } = descriptor;
    if (connection.state === TcpState.SYN_SENT) return descriptor.isNonBlocking ? 'EALREADY' : 'pending';
    if (connection.error !== null) return connection.error.code;
    if (descriptor.connected) return 'EISCONN';
    descriptor.connected = true;
    return 0;
  }

  private read({ connection, isNonBlocking }: Descriptor, length: number): Outcome {
    if (connection === null) return 'ENOTCONN';
    if (connection.unread > 0) return connection.read(new Uint8Array(length));
    if (connection.error !== null) return connection.error.code;
    if (connection.finReceived || connection.state === TcpState.CLOSED) return 0;
    return isNonBlocking ? 'EAGAIN' : 'pending';
  }

  private write({ connection, isNonBlocking }: Descriptor, length: number, flags: string): Outcome {
    if (connection === null) return 'EPIPE';
    if (flags.includes('MSG_OOB')) return connection.writeUrgent(0x61) ? length : 'EPIPE';
    const taken = flags.includes('MSG_MORE')
      ? writeMore(connection, length)
      : connection.write(new Uint8Array(length));
    if (taken < 0) return connection.error?.code ?? 'EPIPE';
    if (taken === length || (taken > 0 && isNonBlocking)) return taken;
    if (taken === 0 && isNonBlocking) return 'EAGAIN';
    return 'pending';
  }

  private shutdown({ connection }: Descriptor, how: string): Outcome {
    if (connection === null) return 'ENOTCONN';
    if (how !== 'SHUT_RD') connection.shutdown();
    return 0;
  }

  private close(fd: number): Outcome {
    const { connection, listener } = this.at(String(fd));
    this.descriptors.delete(fd);
    if (connection !== null) connection.close();
    listener?.close();
    return 0;
  }

  // ── tcp_info ────────────────────────────────────────────────────────────────────────────────────────────────

  variable(name: string): number {
    const constant = CONSTANTS[name];
    if (constant !== undefined) return constant;
    const c = this.current;
    if (c === undefined) throw new ScriptError(`${name}: no connection`);
    const read = INFO[name];
    if (read === undefined) throw new ScriptError(`${name} is not known here`);
    return read(c);
  }
}

function apply(c: Connection, option: string, value: number): void {
  switch (option) {
    case 'TCP_NODELAY':
      return c.setNoDelay(value !== 0);
    case 'TCP_CORK':
      return c.setCork(value !== 0);
    case 'SO_KEEPALIVE':
      return c.setKeepAlive(value !== 0, c.keepAliveTimeUs);
    case 'TCP_KEEPIDLE':
      c.keepAliveTimeUs = value * US_PER_SECOND;
      return c.setKeepAlive(c.keepAlive, c.keepAliveTimeUs);
    case 'TCP_USER_TIMEOUT':
      c.userTimeoutUs = value * 1000;
      return;
    case 'SO_LINGER':
      c.linger = value;
      return;
    case 'SO_OOBINLINE':
      c.urgentInline = value !== 0;
      return;
    case 'SO_SNDBUF':
      return c.setSendBuffer(value);
    case 'SO_RCVBUF':
      return c.setReceiveBuffer(value);
    case 'TCP_QUICKACK':
      c.isPingPong = value === 0;
      return;
    case 'IP_TOS':
      c.typeOfService = value;
      return;
    default:
  }
}

const CONSTANTS: Readonly<Record<string, number>> = {
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCP_ESTABLISHED: TcpState.ESTABLISHED,
  TCP_CLOSE: TcpState.CLOSED,
  TCP_FIN_WAIT1: TcpState.FIN_WAIT1,
  TCP_CLOSE_WAIT: TcpState.CLOSE_WAIT,
};

const INFO: Readonly<Record<string, (c: Connection) => number>> = {
  tcpi_state: (c) => c.state,
  tcpi_ca_state: (c) => c.phase,
  tcpi_snd_cwnd: (c) => c.cwnd,
  tcpi_snd_ssthresh: (c) => c.ssthresh,
  tcpi_unacked: (c) => c.packetsOut,
  tcpi_sacked: (c) => c.sackedOut,
  tcpi_lost: (c) => c.lostOut,
  tcpi_retrans: (c) => c.retransOut,
  tcpi_retransmits: (c) => c.retransmits,
  tcpi_backoff: (c) => c.backoff,
  tcpi_probes: (c) => c.probesOut,
  tcpi_reordering: (c) => c.reordering,
  tcpi_snd_mss: (c) => c.mss,
  tcpi_advmss: (c) => c.advMss,
  tcpi_pmtu: (c) => c.pathMtu,
  tcpi_rtt: (c) => c.rtt.smoothed8 >> 3,
  tcpi_rto: (c) => c.rtt.rto,
  tcpi_min_rtt: (c) => c.rtt.least,
  tcpi_options: (c) =>
    (c.hasTimestamps ? 1 : 0) | (c.hasSack ? 2 : 0) | (c.hasScaling ? 4 : 0) | ((c.ecn & 1) << 3),
  tcpi_delivered: (c) => c.delivered,
  tcpi_notsent_bytes: (c) => (c.writeSeq - c.sndNxt) | 0,
  tcpi_rcv_mss: (c) => c.rcvMss,
  tcpi_rcv_space: (c) => c.space,
  tcpi_snd_wnd: (c) => c.sndWnd,
};

function sizeOf(vector: string): number {
  return [...vector.matchAll(/\{[^{}]*,\s*(\d+)\s*\}|iov_len=(\d+)/g)].reduce(
    (sum, match) => sum + Number(match[1] ?? match[2]),
    0,
  );
}

/** MSG_MORE: corked for this one call, and not to be pushed. */
function writeMore(c: Connection, length: number): number {
  const { isCorked, pushSeq } = c;
  c.isCorked = true;
  const taken = c.write(new Uint8Array(length));
  c.isCorked = isCorked;
  c.pushSeq = pushSeq;
  return taken;
}
