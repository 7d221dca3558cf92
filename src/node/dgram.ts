/** `node:dgram` of a simulated host: UDP sockets with Node's calls and events. */
import { EventEmitter } from 'node:events';
import type { Host } from '../stack/host.ts';
import { NetError } from '../stack/tcp/index.ts';
import { Udp, type UdpSocket } from '../stack/udp/index.ts';
import { familyName, resolve, systemError, textOf, type Hosts } from './names.ts';

export interface DgramOptions {
  readonly type: 'udp4' | 'udp6';
  readonly reuseAddr?: boolean | undefined;
  readonly recvBufferSize?: number | undefined;
}

export interface RemoteInfo {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
  readonly size: number;
}

type SendCallback = (error: Error | null, bytes: number) => void;

export class DgramSocket extends EventEmitter {
  private readonly udp: Udp;
  private readonly hosts: Hosts;
  private readonly options: DgramOptions;
  private socket: UdpSocket | null = null;
  private isClosed = false;

  constructor(udp: Udp, hosts: Hosts, options: DgramOptions) {
    super();
    this.udp = udp;
    this.hosts = hosts;
    this.options = options;
  }

  private get family(): 4 | 6 {
    return this.options.type === 'udp4' ? 4 : 6;
  }

  private get opened(): UdpSocket {
    if (this.isClosed)
      throw Object.assign(new Error('Not running'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
    this.socket ??= this.open(0, undefined);
    return this.socket;
  }

  private open(port: number, address: Int32Array | undefined): UdpSocket {
    const socket = this.udp.open({
      family: this.family,
      port,
      address,
      reuseAddress: this.options.reuseAddr,
    });
    if (this.options.recvBufferSize !== undefined) socket.received.limit = this.options.recvBufferSize;
    socket.listener = {
      onMessage: () => this.drain(socket),
      onError: (_socket, error) => void this.emit('error', systemError('recvmsg', error.code)),
    };
    return socket;
  }

  private drain(socket: UdpSocket): void {
    for (let datagram = socket.receive(); datagram !== undefined; datagram = socket.receive()) {
      const info: RemoteInfo = {
        address: textOf(socket.family, datagram.address),
        family: familyName(socket.family),
        port: datagram.port,
        size: datagram.bytes.length,
      };
      this.emit(
        'message',
        Buffer.from(datagram.bytes.buffer, datagram.bytes.byteOffset, datagram.bytes.length),
        info,
      );
    }
  }

  private words(host: string): Int32Array {
    const address = resolve(host, this.hosts);
    if (address === undefined) throw systemError('getaddrinfo', 'ENOTFOUND', host);
    return address.words;
  }

  /** `bind([port][, address][, callback])` or `bind(options[, callback])`. */
  bind(...args: readonly unknown[]): this {
    const onListening = args.find((arg): arg is () => void => typeof arg === 'function');
    if (onListening !== undefined) this.once('listening', onListening);
    const [first, second] = args;
    const { port = 0, address } =
      typeof first === 'object' && first !== null
        ? (first as { port?: number; address?: string })
        : {
            port: typeof first === 'number' ? first : 0,
            address: typeof second === 'string' ? second : undefined,
          };
    try {
      const words = address === undefined ? undefined : this.words(address);
      this.socket = this.open(port, words?.every((word) => word === 0) === true ? undefined : words);
    } catch (error) {
      const known =
        error instanceof NetError ? systemError('bind', error.code, address ?? '0.0.0.0', port) : error;
      process.nextTick(() => this.emit('error', known));
      return this;
    }
    process.nextTick(() => this.emit('listening'));
    return this;
  }

  connect(port: number, address?: string | (() => void), onConnect?: () => void): void {
    const callback = typeof address === 'function' ? address : onConnect;
    const host = typeof address === 'string' ? address : this.family === 4 ? '127.0.0.1' : '::1';
    this.opened.connect(this.words(host), port);
    if (callback !== undefined) this.once('connect', callback);
    process.nextTick(() => this.emit('connect'));
  }

  disconnect(): void {
    this.opened.disconnect();
  }

  /** `send(msg[, offset, length][, port][, address][, callback])`. */
  send(message: string | Uint8Array | readonly (string | Uint8Array)[], ...args: readonly unknown[]): void {
    const rest = [...args];
    const last = rest.at(-1);
    const callback = typeof last === 'function' ? (rest.pop() as SendCallback) : undefined;
    let bytes = bytesOf(message);
    const numbers = rest.filter((arg): arg is number => typeof arg === 'number');
    const isCut = numbers.length >= 2;
    if (isCut) bytes = bytes.subarray(numbers[0], numbers[0]! + numbers[1]!);
    const port = isCut ? numbers[2] : numbers[0];
    const host = rest.find((arg): arg is string => typeof arg === 'string');
    const socket = this.opened;
    try {
      const isNamed = port !== undefined;
      const to = isNamed ? this.words(host ?? (this.family === 4 ? '127.0.0.1' : '::1')) : socket.remote;
      socket.send(bytes, to, port ?? socket.remotePort);
      if (callback !== undefined) process.nextTick(() => callback(null, bytes.length));
    } catch (error) {
      const known =
        error instanceof NetError ? systemError('send', error.code, host, port) : (error as Error);
      process.nextTick(() => (callback === undefined ? this.emit('error', known) : callback(known, 0)));
    }
  }

  address(): { address: string; family: string; port: number } {
    const socket = this.opened;
    const address = textOf(socket.family, socket.address ?? new Int32Array(4));
    return { address, family: familyName(socket.family), port: socket.port };
  }

  remoteAddress(): { address: string; family: string; port: number } {
    const { remote, remotePort, family } = this.opened;
    if (remote === undefined)
      throw Object.assign(new Error('Not connected'), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' });
    return { address: textOf(family, remote), family: familyName(family), port: remotePort };
  }

  close(onClose?: () => void): this {
    if (onClose !== undefined) this.once('close', onClose);
    this.socket?.close();
    this.isClosed = true;
    process.nextTick(() => this.emit('close'));
    return this;
  }

  setBroadcast(isOn: boolean): void {
    this.opened.mayBroadcast = isOn;
  }

  setTTL(ttl: number): number {
    return (this.opened.hopLimit = ttl);
  }

  setMulticastTTL(ttl: number): number {
    return (this.opened.multicastHopLimit = ttl);
  }

  setMulticastLoopback(isOn: boolean): boolean {
    return (this.opened.multicastLoop = isOn);
  }

  /** By an address of the device, or for IPv6 its name behind a `%`. */
  setMulticastInterface(text: string): void {
    this.opened.multicastDevice = this.deviceOf(text);
  }

  addMembership(group: string, on?: string): void {
    this.opened.join(this.words(group), this.deviceOf(on));
  }

  dropMembership(group: string, on?: string): void {
    this.opened.leave(this.words(group), this.deviceOf(on));
  }

  private deviceOf(text: string | undefined): number {
    const { devices, addresses } = this.udp.host;
    if (text === undefined)
      return [...devices.all()].find(({ isLoopback, up }) => !isLoopback && up)?.index ?? 1;
    const address = resolve(text, this.hosts);
    const zone = address?.zone ?? text;
    const own =
      address === undefined
        ? undefined
        : addresses.all.find(
            ({ family, words }) => family === address.family && words.every((w, i) => w === address.words[i]),
          );
    const device = own?.device ?? devices.named(zone);
    if (device === undefined) throw systemError('addMembership', 'EADDRNOTAVAIL', text);
    return device.index;
  }

  setRecvBufferSize(size: number): void {
    this.opened.received.limit = size;
  }

  getRecvBufferSize(): number {
    return this.opened.received.limit;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function bytesOf(message: string | Uint8Array | readonly (string | Uint8Array)[]): Uint8Array {
  if (typeof message === 'string') return Buffer.from(message);
  if (message instanceof Uint8Array) return message;
  return Buffer.concat(message.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

export class NodeDgram {
  readonly udp: Udp;
  private readonly hosts: Hosts;

  constructor(udp: Udp, hosts: Hosts = {}) {
    this.udp = udp;
    this.hosts = hosts;
  }

  createSocket(
    options: DgramOptions | DgramOptions['type'],
    onMessage?: (message: Buffer, info: RemoteInfo) => void,
  ): DgramSocket {
    const socket = new DgramSocket(
      this.udp,
      this.hosts,
      typeof options === 'string' ? { type: options } : options,
    );
    if (onMessage !== undefined) socket.on('message', onMessage);
    return socket;
  }
}

/** `node:dgram` over a host; the host gets a UDP when it has none. */
export function nodeDgram(host: Host, hosts: Hosts = {}): NodeDgram {
  return new NodeDgram(host.udp instanceof Udp ? host.udp : new Udp(host), hosts);
}
