/** A UDP socket: bound, perhaps connected, in groups; what waits for it, and what it is told. */
import type { Family } from '../../netfilter/hook.ts';
import { NetError, type NetErrorCode } from '../tcp/errors.ts';
import { Datagrams, type Datagram } from './datagrams.ts';
import type { Udp } from './udp.ts';

export interface UdpEvents {
  /** Something waits to be received. */
  onMessage?(socket: UdpSocket): void;
  /** An ICMP error about a datagram of a connected socket. */
  onError?(socket: UdpSocket, error: NetError): void;
}

export interface UdpOptions {
  readonly family: Family;
  /** None: any address. */
  readonly address?: Int32Array | undefined;
  /** 0 or none: a free one. */
  readonly port?: number | undefined;
  /** SO_REUSEADDR: several sockets may share the port; each gets groups and broadcasts, the last the rest. */
  readonly reuseAddress?: boolean | undefined;
  /** Only what comes and goes by this device (SO_BINDTODEVICE); for link-local addresses, their link. */
  readonly device?: number | undefined;
}

export interface Group {
  readonly address: Int32Array;
  readonly device: number;
}

export class UdpSocket {
  readonly udp: Udp;
  readonly family: Family;
  readonly reuseAddress: boolean;
  readonly device: number;
  readonly address: Int32Array | undefined;
  readonly port: number;
  remote: Int32Array | undefined;
  remotePort = 0;
  readonly received: Datagrams;
  readonly groups: Group[] = [];
  listener: UdpEvents | null = null;
  /** The error of an earlier datagram, told once. */
  error: NetError | null = null;
  /** SO_BROADCAST: without it nothing is sent to a broadcast address. */
  mayBroadcast = false;
  hopLimit = 0;
  multicastHopLimit = 1;
  /** Own datagrams to groups come back to sockets of this host. */
  multicastLoop = true;
  /** IP_MULTICAST_ALL, IPV6_MULTICAST_ALL: also what comes to groups that others on this host are in. */
  multicastAll = true;
  /** The device that groups are sent to by; 0: routing says. */
  multicastDevice = 0;
  typeOfService = 0;
  isClosed = false;
  isTold = false;

  constructor(udp: Udp, options: UdpOptions, port: number) {
    this.udp = udp;
    this.family = options.family;
    this.address = options.address;
    this.port = port;
    this.reuseAddress = options.reuseAddress ?? false;
    this.device = options.device ?? 0;
    this.received = new Datagrams(udp.defaultReceiveBuffer);
  }

  /** Only datagrams of this peer are received from now on, and its ICMP errors are told. */
  connect(remote: Int32Array, remotePort: number): void {
    this.remote = remote;
    this.remotePort = remotePort;
  }

  disconnect(): void {
    this.remote = undefined;
    this.remotePort = 0;
  }

  /** Throws NetError: EDESTADDRREQ, EMSGSIZE, ENETUNREACH, EACCES, or the ICMP error of a datagram before. */
  send(bytes: Uint8Array, to: Int32Array | undefined = this.remote, port: number = this.remotePort): void {
    if (this.isClosed) throw new NetError('EINVAL');
    const { error } = this;
    if (error !== null) {
      this.error = null;
      throw error;
    }
    if (to === undefined || port === 0) throw new NetError('EDESTADDRREQ');
    this.udp.send(this, bytes, to, port);
  }

  receive(): Datagram | undefined {
    return this.received.take();
  }

  /** IP_ADD_MEMBERSHIP; the membership is announced (IGMP, MLD). */
  join(group: Int32Array, device: number): void {
    this.udp.join(this, group, device);
  }

  leave(group: Int32Array, device: number): void {
    this.udp.leave(this, group, device);
  }

  /** Does it receive what comes to this group by this device? */
  wants(w0: number, w1: number, w2: number, w3: number, device: number): boolean {
    return this.multicastAll || this.isIn(w0, w1, w2, w3, device);
  }

  isIn(w0: number, w1: number, w2: number, w3: number, device: number): boolean {
    return this.groups.some(
      ({ address, device: on }) =>
        on === device && address[0] === w0 && address[1] === w1 && address[2] === w2 && address[3] === w3,
    );
  }

  close(): void {
    this.udp.close(this);
  }

  fail(code: NetErrorCode): void {
    this.error = new NetError(code);
  }
}
