/**
 * A DHCP client (RFC 2131 section 4.4): finds a server, takes the address that is offered, renews it at half its time, asks
 * everybody after seven eighths, and starts anew when it has ended. What carries its messages is the caller's.
 *
 *     init ─ DISCOVER ─► selecting ─ offer ─ REQUEST ─► requesting ─ ACK ─► bound ─ T1 ─► renewing ─ T2 ─► rebinding
 *       ▲                                                  │ NAK              ▲──────── ACK ─┴───────────────┘  │
 *       └──────────────────────────────────────────────────┴────────────────────── NAK, or the lease has ended ─┘
 */
import { call } from '../base/call.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Rng } from '../base/rng.ts';
import { formatIp4 } from '../wire/address.ts';
import { readI32, readU16, readU32, writeU32 } from '../wire/bytes.ts';
import * as dhcp from '../wire/dhcp.ts';

const { MessageType, Option } = dhcp;

export interface DhcpLease {
  /** Signed 32-bit integers; 0 for none. */
  readonly address: number;
  readonly mask: number;
  readonly router: number;
  readonly server: number;
  readonly nameServers: readonly number[];
  readonly domain: string;
  /** Of the network; 0 where nothing is said. */
  readonly mtu: number;
  readonly seconds: number;
}

export interface DhcpClientHost {
  readonly clock: Clock;
  readonly rng: Rng;
  /** To a server, or to everybody (0). */
  send(message: Uint8Array, server: number): void;
  /** There is an address (again), or there is none any more. */
  bound(lease: DhcpLease | null): void;
  /** What happens, in the words of dhclient. */
  tell(line: string): void;
}

const SECOND_US = 1_000_000;
/** A question is repeated after 4 s, then 8, 16 … up to 64 (RFC 2131 4.1). */
const FIRST_WAIT_S = 4;
const LONGEST_WAIT_S = 64;
/** A lease without end is renewed all the same. */
const DEFAULT_LEASE_S = 3600;

const State = { INIT: 0, SELECTING: 1, REQUESTING: 2, BOUND: 3, RENEWING: 4, REBINDING: 5 } as const;

export class Dhcp4Client {
  lease: DhcpLease | null = null;
  private readonly mac: Uint8Array;
  private readonly host: DhcpClientHost;
  private readonly name: string;
  private state: number = State.INIT;
  private xid = 0;
  private offered: { address: number; server: number } = { address: 0, server: 0 };
  private boundAt = 0;
  private wait = FIRST_WAIT_S;
  private timer: Timer | null = null;

  /** @param name - what the client calls itself; the empty string for nothing */
  constructor(mac: Uint8Array, name: string, host: DhcpClientHost) {
    this.mac = mac;
    this.name = name;
    this.host = host;
  }

  start(): void {
    this.xid = this.host.rng.u32();
    this.wait = FIRST_WAIT_S;
    this.state = State.SELECTING;
    this.discover();
  }

  /** Gives the address back. */
  release(): void {
    this.timer?.cancel();
    const { lease } = this;
    this.state = State.INIT;
    if (lease === null) return;
    const options = new Map([
      this.kind(MessageType.RELEASE),
      this.word(Option.SERVER_IDENTIFIER, lease.server),
    ]);
    this.host.send(this.message(options, lease.address), lease.server);
    this.lose();
  }

  hear(bytes: Uint8Array): void {
    const message = dhcp.parse(bytes, 0, bytes.length);
    if (message === undefined || message.op !== dhcp.BOOTREPLY || message.xid >>> 0 !== this.xid >>> 0)
      return;
    switch (message.options.get(Option.MESSAGE_TYPE)?.[0]) {
      case MessageType.OFFER:
        if (this.state === State.SELECTING) this.choose(message);
        break;
      case MessageType.ACK:
        if (this.state >= State.REQUESTING && this.state !== State.BOUND) this.take(message);
        break;
      case MessageType.NAK:
        if (this.state >= State.REQUESTING && this.state !== State.BOUND) this.restart('DHCPNAK');
        break;
      default:
    }
  }

  // ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────

  discover(): void {
    this.host.tell(`DHCPDISCOVER, interval ${this.wait}`);
    this.host.send(this.message(new Map([this.kind(MessageType.DISCOVER), ...this.wishes()]), 0), 0);
    this.repeat(call(this, 'discover'));
  }

  private choose({ yiaddr, options }: dhcp.DhcpMessage): void {
    this.offered = { address: yiaddr, server: wordIn(options, Option.SERVER_IDENTIFIER) };
    this.state = State.REQUESTING;
    this.wait = FIRST_WAIT_S;
    this.host.tell(`DHCPOFFER of ${formatIp4(yiaddr)} from ${formatIp4(this.offered.server)}`);
    this.request();
  }

  request(): void {
    const { address, server } = this.offered;
    if (this.wait > LONGEST_WAIT_S / 4) return this.restart('no answer');
    this.host.tell(`DHCPREQUEST for ${formatIp4(address)}`);
    const options = new Map([
      this.kind(MessageType.REQUEST),
      this.word(Option.REQUESTED_ADDRESS, address),
      this.word(Option.SERVER_IDENTIFIER, server),
      ...this.wishes(),
    ]);
    this.host.send(this.message(options, 0), 0);
    this.repeat(call(this, 'request'));
  }

  /** RFC 2131 4.4.5: at half the time of the server alone, at seven eighths of anybody. */
  renew(): void {
    const lease = this.lease!;
    const { clock } = this.host;
    const age = (clock.now - this.boundAt) / SECOND_US;
    if (age >= lease.seconds) return this.restart('the lease has ended');
    const isLate = age >= lease.seconds * 0.875;
    this.state = isLate ? State.REBINDING : State.RENEWING;
    this.host.tell(`DHCPREQUEST for ${formatIp4(lease.address)}, ${isLate ? 'of anybody' : 'to renew it'}`);
    const options = new Map([this.kind(MessageType.REQUEST), ...this.wishes()]);
    this.host.send(this.message(options, lease.address), isLate ? 0 : lease.server);
    const end = isLate ? lease.seconds : lease.seconds * 0.875;
    // Half of what is left, but no more often than once a minute.
    this.after(Math.min(end - age, Math.max((end - age) / 2, 60)), call(this, 'renew'));
  }

  private take({ yiaddr, options }: dhcp.DhcpMessage): void {
    const nameServers = options.get(Option.DOMAIN_NAME_SERVER) ?? new Uint8Array(0);
    const mtu = options.get(Option.INTERFACE_MTU);
    const lease: DhcpLease = {
      address: yiaddr,
      mask: wordIn(options, Option.SUBNET_MASK),
      router: wordIn(options, Option.ROUTER),
      server: wordIn(options, Option.SERVER_IDENTIFIER),
      nameServers: Array.from({ length: nameServers.length >>> 2 }, (_, i) => readI32(nameServers, 4 * i)),
      domain: String.fromCharCode(...(options.get(Option.DOMAIN_NAME) ?? [])),
      mtu: mtu !== undefined && mtu.length === 2 ? readU16(mtu, 0) : 0,
      seconds:
        (options.has(Option.LEASE_TIME) ? readU32(options.get(Option.LEASE_TIME)!, 0) : 0) || DEFAULT_LEASE_S,
    };
    this.state = State.BOUND;
    this.lease = lease;
    this.boundAt = this.host.clock.now;
    this.host.tell(`bound to ${formatIp4(yiaddr)} -- renewal in ${lease.seconds >>> 1} seconds.`);
    this.host.bound(lease);
    this.after(lease.seconds / 2, call(this, 'renew'));
  }

  private restart(why: string): void {
    this.host.tell(`${why}, starting anew`);
    this.lose();
    this.start();
  }

  private lose(): void {
    if (this.lease === null) return;
    this.lease = null;
    this.host.bound(null);
  }

  // ── Messages and time ───────────────────────────────────────────────────────────────────────────────────────

  private message(options: ReadonlyMap<number, Uint8Array>, ciaddr: number): Uint8Array {
    return dhcp.emit({
      op: dhcp.BOOTREQUEST,
      xid: this.xid,
      secs: 0,
      flags: ciaddr === 0 ? dhcp.BROADCAST_FLAG : 0,
      ciaddr,
      yiaddr: 0,
      siaddr: 0,
      giaddr: 0,
      chaddr: this.mac,
      file: '',
      options: new Map(options),
    });
  }

  private kind(type: dhcp.MessageType): [number, Uint8Array] {
    return [Option.MESSAGE_TYPE, Uint8Array.of(type)];
  }

  private word(option: number, value: number): [number, Uint8Array] {
    const bytes = new Uint8Array(4);
    writeU32(bytes, 0, value);
    return [option, bytes];
  }

  private wishes(): [number, Uint8Array][] {
    const names = [Option.DOMAIN_NAME_SERVER, Option.DOMAIN_NAME];
    const wanted = [Option.SUBNET_MASK, Option.ROUTER, ...names, Option.INTERFACE_MTU];
    const name: [number, Uint8Array][] =
      this.name === ''
        ? []
        : [[Option.HOST_NAME, Uint8Array.from(this.name, (letter) => letter.charCodeAt(0))]];
    return [[Option.PARAMETER_LIST, Uint8Array.from(wanted)], ...name];
  }

  private repeat(action: () => void): void {
    const wait = this.wait;
    this.wait = Math.min(2 * wait, LONGEST_WAIT_S);
    this.after(wait, action);
  }

  private after(seconds: number, action: () => void): void {
    this.timer?.cancel();
    this.timer = this.host.clock.at(this.host.clock.now + seconds * SECOND_US, action);
  }
}

function wordIn(options: ReadonlyMap<number, Uint8Array>, code: number): number {
  const value = options.get(code);
  return value !== undefined && value.length >= 4 ? readI32(value, 0) : 0;
}
