/** System calls of scripts, on the sockets of one simulated host. Descriptors have the numbers that scripts give them. */
import type { Connection } from '../../../../src/stack/tcp/connection.ts';
import { NetError, TcpState } from '../../../../src/stack/tcp/index.ts';
import { read, receiveMessage, sizeOf, splice, write } from './data-calls.ts';
import { Descriptor } from './descriptors.ts';
import { Epoll } from './epoll.ts';
import { WrongValue, type Outcome } from './outcome.ts';
import { poll } from './poll.ts';
import { ScriptError, type CallSpec } from './script.ts';
import type { Progress, World } from './world.ts';

export class Calls {
  private readonly world: World;
  private readonly descriptors = new Map<number, Descriptor>();
  private next = 3;

  constructor(world: World) {
    this.world = world;
  }

  /** The connection that scripts' assertions are about: the last that was made. */
  get current(): Connection | undefined {
    const found = [...this.descriptors.values()].findLast(({ connection }) => connection !== null);
    return found?.connection ?? undefined;
  }

  /** Tries a call; 'pending' when it would block. New descriptors get the number that the script expects. */
  try({ name, args, result }: CallSpec, progress: Progress): Outcome {
    if (/^\d+$/.test(result)) this.next = Number(result);
    switch (name) {
      case 'socket':
        return this.open(args);
      case 'setsockopt':
        return this.setOption(this.at(args[0]), args);
      case 'getsockopt':
        return this.getOption(this.at(args[0]), args);
      case 'bind':
        return this.bind(this.at(args[0]), args[1]!);
      case 'fcntl':
        return this.control(this.at(args[0]), args);
      case 'ioctl':
        return this.ask(this.at(args[0]), args[1]!, args[2]!);
      case 'listen':
        return this.listen(this.at(args[0]), Number(args[1]));
      case 'accept':
      case 'accept4':
        return this.accept(this.at(args[0]), args);
      case 'connect':
        return this.connect(this.at(args[0]), args[1]!);
      case 'read':
      case 'recv':
      case 'recvfrom':
        return read(this.at(args[0]), args[1]!, Number(args[2]), args[3] ?? '');
      case 'readv':
        return read(this.at(args[0]), '...', sizeOf(args[1]!), '');
      case 'recvmsg':
        return receiveMessage(this.at(args[0]), args);
      case 'write':
      case 'send':
      case 'sendto':
        return write(this.world, this.at(args[0]), args[1]!, Number(args[2]), args[3] ?? '', progress);
      case 'writev':
      case 'sendmsg':
        return write(this.world, this.at(args[0]), '...', sizeOf(args[1]!), args[2] ?? '', progress);
      case 'shutdown':
        return this.shutdown(this.at(args[0]), args[1]!);
      case 'poll':
        return poll(args, progress.since, this.world.tcp.clock.now, (fd) => this.at(String(fd)));
      case 'epoll_create':
      case 'epoll_create1':
        return this.openEpoll();
      case 'epoll_ctl':
        return this.epollAt(args[0]).control(args[1]!, Number(args[2]), this.at(args[2]), args[3]!);
      case 'epoll_wait':
        return this.epollAt(args[0]).wait(args[1]!, args[3]!, progress, this.world.tcp.clock.now);
      case 'pipe':
        return this.openPipe(args[0]!);
      case 'splice':
        return splice(this.at(args[0]), Number(args[4]));
      case 'open':
        return this.openFile(args[0]!);
      case 'sendfile':
        return this.sendFile(args, progress);
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

  // ── Descriptors ─────────────────────────────────────────────────────────────────────────────────────────────

  private open([, type = '', protocol = '']: readonly string[]): number {
    const isDatagram = type.includes('SOCK_DGRAM');
    if (!isDatagram && !type.includes('SOCK_STREAM')) throw new ScriptError(`${type} is not known here`);
    if (/MPTCP|SCTP|UDPLITE|ICMP/.test(protocol)) throw new ScriptError(`${protocol} is not known here`);
    return this.add(new Descriptor(isDatagram, type.includes('SOCK_NONBLOCK')));
  }

  private add(descriptor: Descriptor): number {
    this.descriptors.set(this.next, descriptor);
    return this.next;
  }

  private openEpoll(): number {
    const made = new Descriptor(false, false);
    made.epoll = new Epoll();
    return this.add(made);
  }

  private epollAt(word: string | undefined): Epoll {
    const { epoll } = this.at(word);
    if (epoll === null) throw new ScriptError(`${word} is no epoll descriptor`);
    return epoll;
  }

  private openPipe(ends: string): Outcome {
    for (const [fd] of ends.matchAll(/\d+/g)) this.descriptors.set(Number(fd), new Descriptor(false, false));
    return 0;
  }

  private openFile(path: string): Outcome {
    const size = this.world.files.get(path.replaceAll('"', ''));
    if (size === undefined) return 'ENOENT';
    const made = new Descriptor(false, false);
    made.fileSize = size;
    return this.add(made);
  }

  /** Of a file of zeros, from the offset that the call names. */
  private sendFile(args: readonly string[], progress: Progress): Outcome {
    const offset = Number(args[2]!.replace(/[[\]]/g, ''));
    const length = Math.max(0, Math.min(Number(args[3]), this.at(args[1]).fileSize - offset));
    return write(this.world, this.at(args[0]), '...', length, '', progress);
  }

  private bind(descriptor: Descriptor, address: string): Outcome {
    const port = /sin6?_port\s*=\s*htons\((\d+)\)/.exec(address);
    descriptor.port = port === null ? this.world.ends.bindPort : Number(port[1]);
    if (descriptor.isDatagram) {
      descriptor.socket = this.world.udp.open({ family: this.world.ends.family, port: descriptor.port });
      descriptor.port = descriptor.socket.port;
    }
    return 0;
  }

  private control(descriptor: Descriptor, args: readonly string[]): Outcome {
    if (args[1] === 'F_GETFL') return descriptor.isNonBlocking ? 0x802 : 2;
    if (args[1] !== 'F_SETFL') throw new ScriptError(`fcntl ${args[1]} is not known here`);
    descriptor.isNonBlocking = args[2]!.includes('O_NONBLOCK');
    return 0;
  }

  private ask(descriptor: Descriptor, request: string, expected: string): Outcome {
    const { connection } = descriptor;
    if (connection === null) throw new ScriptError(`ioctl ${request} is known here for TCP only`);
    const value = () => {
      switch (request) {
        case 'SIOCINQ':
        case 'FIONREAD':
          return connection.unread;
        case 'SIOCOUTQ':
        case 'TIOCOUTQ':
          return connection.unacked;
        case 'SIOCOUTQNSD':
          return (connection.writeSeq - connection.sndNxt) | 0;
        default:
          throw new ScriptError(`ioctl ${request} is not known here`);
      }
    };
    compareValue(request, String(value()), expected);
    return 0;
  }

  private setOption(descriptor: Descriptor, args: readonly string[]): Outcome {
    const option = args[2]!;
    const given = args[3]!;
    if (option === 'TCP_CONGESTION') {
      const name = /"(\w+)"/.exec(given)![1]!;
      if (!['cubic', 'reno'].includes(name)) throw new ScriptError(`congestion control ${name} is not there`);
      descriptor.congestion = name;
      if (descriptor.connection !== null) descriptor.connection.setCongestionControl(name);
      else this.world.tcp.congestion = name;
      return 0;
    }
    const value =
      option === 'SO_LINGER'
        ? /(?:linger=|onoff=1, )(\d+)/.exec(given)?.[1]
        : /-?(?:0x[\da-f]+|\d+)/i.exec(given)?.[0];
    descriptor.set(option, Number(value ?? 0));
    return 0;
  }

  private getOption(descriptor: Descriptor, args: readonly string[]): Outcome {
    const [, , option, expected] = args;
    if (option === 'SO_ERROR') {
      const code = descriptor.takeError() ?? '0';
      compareValue('SO_ERROR', code, expected!);
    } else if (option === 'TCP_CONGESTION') {
      compareValue(option, `"${descriptor.congestion ?? this.world.tcp.congestion}"`, expected!);
    } else {
      compareValue(option!, String(descriptor.get(option!)), expected!);
    }
    return 0;
  }

  // ── Opening and closing ─────────────────────────────────────────────────────────────────────────────────────

  private listen(descriptor: Descriptor, backlog: number): Outcome {
    if (descriptor.listener !== null) descriptor.listener.backlog = backlog;
    else descriptor.listener = this.world.tcp.listen({ port: descriptor.port, backlog });
    const receiveBuffer = descriptor.settings.get('SO_RCVBUF');
    if (receiveBuffer !== undefined) descriptor.listener.receiveBuffer = receiveBuffer;
    descriptor.listener.maxSegment = descriptor.settings.get('TCP_MAXSEG') ?? 0;
    return 0;
  }

  private accept(descriptor: Descriptor, args: readonly string[]): Outcome {
    if (descriptor.listener === null) return 'EINVAL';
    const connection = descriptor.listener.accept();
    if (connection === undefined) return descriptor.isNonBlocking ? 'EAGAIN' : 'pending';
    const made = new Descriptor(false, (args[3] ?? '').includes('SOCK_NONBLOCK'));
    for (const [option, value] of descriptor.settings) made.settings.set(option, value);
    made.connection = connection;
    made.isConnected = true;
    made.applySettings(connection);
    return this.add(made);
  }

  private connect(descriptor: Descriptor, address: string): Outcome {
    if (address.includes('AF_UNSPEC')) throw new ScriptError('connect to AF_UNSPEC is not known here');
    const { family, remote, port: remotePort } = this.world.ends;
    if (descriptor.isDatagram) {
      descriptor.socket ??= this.world.udp.open({ family });
      descriptor.socket.connect(remote, remotePort);
      return 0;
    }
    if (descriptor.connection === null) {
      try {
        const maxSegment = descriptor.settings.get('TCP_MAXSEG');
        const options = { family, remote, remotePort, localPort: descriptor.port, maxSegment };
        const ports = descriptor.settings.get('IP_LOCAL_PORT_RANGE');
        descriptor.connection =
          ports === undefined
            ? this.world.tcp.connect(options)
            : this.withPorts(ports, () => this.world.tcp.connect(options));
      } catch (error) {
        if (error instanceof NetError) return error.code;
        throw error;
      }
      descriptor.applySettings(descriptor.connection);
      if (descriptor.isNonBlocking) return 'EINPROGRESS';
    }
    const { connection } = descriptor;
    if (connection.state === TcpState.SYN_SENT) return descriptor.isNonBlocking ? 'EALREADY' : 'pending';
    if (connection.error !== null) return connection.error.code;
    if (descriptor.isConnected) return 'EISCONN';
    descriptor.isConnected = true;
    return 0;
  }

  /** IP_LOCAL_PORT_RANGE, the last port above the first: here the host's, for as long as it takes. */
  private withPorts<T>(ports: number, act: () => T): T {
    const { sysctls } = this.world.tcp.host;
    const names = ['net.ipv4.ip_local_port_range[0]', 'net.ipv4.ip_local_port_range[1]'] as const;
    const before = names.map((name) => sysctls.get(name));
    const set = (first: number, last: number) => [first, last].forEach((p, i) => sysctls.set(names[i]!, p));
    set(ports & 0xffff, ports >>> 16);
    try {
      return act();
    } finally {
      set(before[0]!, before[1]!);
    }
  }

  private shutdown(descriptor: Descriptor, how: string): Outcome {
    const { connection } = descriptor;
    if (connection === null) return 'ENOTCONN';
    if (how !== 'SHUT_WR') descriptor.isReadShut = true;
    if (how !== 'SHUT_RD') connection.shutdown();
    return 0;
  }

  private close(fd: number): Outcome {
    const { connection, listener, socket } = this.at(String(fd));
    this.descriptors.delete(fd);
    connection?.close();
    listener?.close();
    socket?.close();
    return 0;
  }
}

function compareValue(what: string, value: string, expected: string): void {
  const wanted = expected.replace(/^\[(.*)\]$/s, '$1').trim();
  if (wanted !== '...' && wanted !== value) throw new WrongValue(`${what} is ${value}, not ${wanted}`);
}
