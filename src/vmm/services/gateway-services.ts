/**
 * What the gateway of a guest network does for its guests: DHCP of both families, router advertisements, and names. The servers themselves know no sockets;
 * here they get theirs, on the gateway's own stack, so that the gateway's rules hold for them as for everything.
 */
import type { Clock } from '../../base/clock.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { networkOf, parsePrefix } from '../../stack/address.ts';
import { Tcp } from '../../stack/tcp/index.ts';
import { Udp, type UdpSocket } from '../../stack/udp/index.ts';
import { formatIp, maskWord } from '../../wire/address.ts';
import * as dhcp from '../../wire/dhcp.ts';
import * as dhcp6 from '../../wire/dhcp6.ts';
import { Leases, type Reservation } from '../../services/dhcp4-leases.ts';
import { Dhcp4Server } from '../../services/dhcp4-server.ts';
import { answerTime, NTP_PORT } from '../../services/ntp-server.ts';
import { Dhcp6Server } from './dhcp6-server.ts';
import { DnsNames, GATEWAY_NAME, MACHINE_NAME } from '../../services/dns-names.ts';
import type { GatewayTransports } from '../surroundings.ts';
import type { NameServer } from './name-server.ts';
import { bootFileFor, serveBoot, type BootOptions } from './boot-service.ts';
import { DnsStream } from './dns-stream.ts';
import { RouterAdvertiser } from './router-advertiser.ts';
import { send, serve } from './udp-service.ts';

const DNS_PORT = 53;
const EVERYBODY = Int32Array.of(-1, 0, 0, 0);
const US_PER_SECOND = 1_000_000;
/** Leases of one hardware address: dual boot and network boot need one more, nobody needs many. */
const LEASES_PER_MAC = 4;

export interface ServiceOptions {
  /** The gateway's addresses towards the guests, with prefix. */
  readonly addresses: readonly string[];
  /** Under which guests reach this machine. */
  readonly machine: readonly string[];
  readonly mtu: number;
  readonly domain: string;
  readonly leaseSeconds: number;
  readonly reservations: readonly Reservation[];
  /** Guests are to send to each other through the gateway. */
  readonly isolate: boolean;
  /** What guests boot from the network. */
  readonly boot: BootOptions | undefined;
  /** Guests are told the time when they ask (NTP). */
  readonly ntp: boolean;
  /** Who answers for these names and all others. */
  readonly nameServer: (names: DnsNames, transports: GatewayTransports) => NameServer;
  /** Another guest than the one with this hardware address uses the address. */
  readonly isInUse: (address: number, mac: string) => boolean;
  /** False for a guest, known by its hardware or its link-local address, that another one's name is to be given to. */
  readonly mayBeCalled: (name: string, guest: string) => boolean;
}

export class GatewayServices {
  readonly leases: Leases | null;
  /** Of DHCPv6. */
  readonly leases6: Dhcp6Server | null;
  readonly names: DnsNames;
  private readonly advertiser: RouterAdvertiser | null = null;
  private readonly udp: Udp;
  private readonly device: Device;
  private readonly endBoot: (() => void) | null;

  constructor(host: Host, device: Device, options: ServiceOptions) {
    this.udp = new Udp(host);
    this.device = device;
    const own = options.addresses.find((text) => !text.includes(':'));
    this.leases = own === undefined ? null : this.serveDhcp(own, host.clock, options);
    const own6 = options.addresses.find((text) => text.includes(':'));
    this.leases6 = own6 === undefined ? null : this.serveDhcp6(own6, host.clock, options);
    if (own6 !== undefined) this.advertiser = this.advertise(host, own6, options);
    const fixed = new Map([
      [GATEWAY_NAME, options.addresses.map((text) => text.split('/')[0]!)],
      [MACHINE_NAME, options.machine],
    ]);
    this.names = new DnsNames({
      domain: options.domain,
      leases: this.leases ?? [],
      leases6: this.leases6 ?? [],
      fixed,
    });
    const tcp = new Tcp(host);
    const nameServer = options.nameServer(this.names, { udp: this.udp, tcp });
    this.serveNames(nameServer);
    new DnsStream(tcp, nameServer);
    if (options.ntp) this.serveTime(host.clock);
    this.endBoot = options.boot === undefined ? null : serveBoot(this.udp, device, options.boot);
  }

  close(): void {
    this.advertiser?.close();
    this.endBoot?.();
  }

  private serveTime(clock: Clock): void {
    for (const family of [4, 6] as const) {
      const socket = this.open(family, NTP_PORT);
      serve(socket, (bytes, from, port) => {
        const answer = answerTime(bytes, clock.now);
        if (answer !== undefined) send(socket, answer, from, port);
      });
    }
  }

  private advertise(host: Host, own: string, { mtu, domain, isolate }: ServiceOptions): RouterAdvertiser {
    const { words, length } = parsePrefix(own)!;
    const prefix = networkOf(words, length);
    const onLink = !isolate;
    return new RouterAdvertiser(host, this.device, {
      prefix,
      length,
      onLink,
      nameServer: words,
      mtu,
      domain,
    });
  }

  private serveDhcp6(own: string, clock: Clock, options: ServiceOptions): Dhcp6Server {
    const { words, length } = parsePrefix(own)!;
    const server = new Dhcp6Server({
      clock,
      prefix: networkOf(words, length),
      nameServer: words,
      mac: this.device.mac,
      leaseSeconds: options.leaseSeconds,
      domain: options.domain,
      tellsTime: options.ntp,
      mayBeCalled: options.mayBeCalled,
    });
    const socket = this.open(6, dhcp6.SERVER_PORT);
    socket.join(dhcp6.SERVERS, this.device.index);
    serve(socket, (bytes, from, port) => {
      const answer = server.answer(bytes, formatIp(6, from[0]!, from[1]!, from[2]!, from[3]!));
      if (answer !== undefined) send(socket, answer, from, port);
    });
    return server;
  }

  private serveDhcp(own: string, clock: Clock, options: ServiceOptions): Leases {
    const { words, length } = parsePrefix(own)!;
    const address = words[0]!;
    const mask = maskWord(length, 0);
    const { boot, ntp } = options;
    const leases = new Leases({
      clock,
      first: ((address & mask) + 1) | 0,
      last: ((address | ~mask) - 1) | 0,
      taken: [address],
      reservations: options.reservations,
      leaseUs: options.leaseSeconds * US_PER_SECOND,
      perMac: LEASES_PER_MAC,
      isInUse: options.isInUse,
      mayBeCalled: options.mayBeCalled,
    });
    const server = new Dhcp4Server(
      {
        address,
        router: address,
        mask,
        mtu: options.mtu,
        leaseSeconds: options.leaseSeconds,
        nameServers: [address],
        domain: options.domain,
        extra: new Map(),
        ...(ntp ? { timeServer: address } : {}),
        ...(boot === undefined ? {} : { bootFile: (architecture) => bootFileFor(boot, architecture) }),
      },
      leases,
    );
    const socket = this.open(4, dhcp.SERVER_PORT);
    socket.mayBroadcast = true;
    serve(socket, (bytes, _from, _port) => {
      const message = dhcp.parse(bytes, 0, bytes.length);
      const answer = message && server.answer(message);
      if (answer === undefined) return;
      // A client without an address hears what everybody hears.
      const to = answer.ciaddr === 0 ? EVERYBODY : Int32Array.of(answer.ciaddr, 0, 0, 0);
      send(socket, dhcp.emit(answer), to, dhcp.CLIENT_PORT);
    });
    return leases;
  }

  private serveNames(server: NameServer): void {
    for (const family of [4, 6] as const) {
      const socket = this.open(family, DNS_PORT);
      serve(socket, (bytes, from, port) => {
        const client = formatIp(family, from[0]!, from[1]!, from[2]!, from[3]!);
        server.query(bytes, client, (answer) => send(socket, answer, from, port));
      });
    }
  }

  private open(family: 4 | 6, port: number): UdpSocket {
    return this.udp.open({ family, port, device: this.device.index });
  }
}
