/**
 * The way out by a relay of Ethernet frames (nics/relay-nic.ts), where there are no sockets: the gateway is a host on the network of
 * the relay, with an address by DHCP and by router advertisements, and what is there is the world. Servers of one's own
 * are on the same wire, out of the relay's sight.
 *
 *     guests ─ switch ─ gateway (rules, NAT, helpers) ─ wan ─┬─ relay: its network, and whatever that leads to
 *                                                            └─ servers of one's own
 *
 * Nobody at the relay knows the guests' network, so rules have to masquerade what leaves. Who may have how many connections is
 * what rules say; nobody else looks.
 */
import type { Rng } from '../../base/rng.ts';
import { LeasedInterface, prefixOfLease } from '../../lab/services/leased-interface.ts';
import type { DhcpLease } from '../../services/dhcp4-client.ts';
import { formatAddress, networkOf, sameWords } from '../../stack/address.ts';
import { linkLocalOf } from '../../stack/host-addressing.ts';
import { MIN_MTU_6 } from '../../stack/path-mtu.ts';
import { NetlinkError } from '../../stack/rtnetlink/errors.ts';
import { formatIp4, formatMac, parseMac } from '../../wire/address.ts';
import { readI32, readU16 } from '../../wire/bytes.ts';
import * as ethernet from '../../wire/ethernet.ts';
import type { Nic } from '../nics/nic.ts';
import type { Server } from '../servers/server.ts';
import { ServersWorld } from '../servers/servers-world.ts';
import type { Uplink, Wan, World, WorldOptions } from '../surroundings.ts';
import { CableLease } from './cable-lease.ts';

/** Between gateway and servers: addresses that are nobody's at the relay (RFC 3927). */
const GATEWAY_ADDRESS = '169.254.83.1';
const SERVERS_ADDRESS = '169.254.83.2';
const SERVERS_ADDRESS_6 = 'fe80::5300';
const SERVERS_MAC = '02:53:6c:00:00:03';
const SERVERS_MAC_BYTES = parseMac(SERVERS_MAC)!;
const SERVERS_HIGH = readU16(SERVERS_MAC_BYTES, 0);
const SERVERS_LOW = readI32(SERVERS_MAC_BYTES, 2);

/** How it stands with the relay, for people. */
export interface RelayState {
  readonly isUp: boolean;
  /** The gateway's address on the relay's network; null while it has none. */
  readonly address: string | null;
  /** Why the address that the relay gives is of no use. */
  readonly problem: string | null;
}

/** The gateway's side of the wire: a card of its own among all that use the relay, and the ways to the servers. */
export function relayUplink(rng: Rng, servers: readonly Server[]): Uplink {
  const mac = Uint8Array.from({ length: 6 }, () => rng.below(256));
  // Nobody's by birth (locally administered), and one card's.
  mac[0] = (mac[0]! & 0xfc) | 2;
  const ways = servers.flatMap((server) => server.addresses);
  return {
    mac: formatMac(mac, 0),
    addresses: [`${GATEWAY_ADDRESS}/30`],
    machine: [],
    routes: ways.map((address) => {
      const is6 = address.includes(':');
      return { to: `${address}/${is6 ? 128 : 32}`, via: is6 ? SERVERS_ADDRESS_6 : SERVERS_ADDRESS };
    }),
    neighbours: [SERVERS_ADDRESS, SERVERS_ADDRESS_6].map((ip) => ({ ip, mac: SERVERS_MAC })),
    // Routers ask and listen to routers only when they are told to.
    sysctl: { 'net.ipv6.conf.wan.accept_ra': 2, 'net.ipv6.conf.wan.router_solicitations': 3 },
  };
}

export class RelayWorld implements World {
  private readonly nic: Nic;
  private readonly wan: Wan;
  private readonly clock: WorldOptions['clock'];
  private readonly toGateway: WorldOptions['toGateway'];
  private readonly servers: ServersWorld;
  private readonly dhcp: CableLease;
  private readonly leased: LeasedInterface;
  private readonly mtu: number;
  private lease: DhcpLease | null = null;
  private isUp = false;
  private problem: string | null = null;

  constructor(options: WorldOptions, wan: Wan, nic: Nic, servers: readonly Server[]) {
    const { clock, rng, toGateway, mtu } = options;
    const { host, device } = wan;
    this.nic = nic;
    this.wan = wan;
    this.mtu = mtu;
    this.clock = clock;
    this.toGateway = toGateway;
    this.leased = new LeasedInterface(host, device);
    this.dhcp = new CableLease({
      clock,
      rng,
      mac: device.mac,
      send: (frame) => nic.transmit(frame, 0, frame.length),
      bound: (lease) => this.settle(lease),
    });
    const ways = [
      { to: '0.0.0.0/0', via: GATEWAY_ADDRESS },
      { to: '::/0', via: formatAddress(linkLocalOf(device)) },
    ];
    const addresses = [`${SERVERS_ADDRESS}/30`, `${SERVERS_ADDRESS_6}/64`];
    this.servers = new ServersWorld({ ...options, mac: SERVERS_MAC, addresses, guests: ways }, servers);
  }

  get state(): RelayState {
    const { isUp, lease, problem } = this;
    return { isUp, address: lease === null ? null : formatIp4(lease.address), problem };
  }

  /** Who is to be asked for names, as the relay says. */
  get nameServers(): readonly number[] {
    return this.lease?.nameServers ?? [];
  }

  async start(): Promise<void> {
    await this.nic.start({
      frame: (bytes, start, end) => {
        this.clock.catchUp();
        if (!this.dhcp.hear(bytes, start, end)) this.toGateway(bytes, start, end, false);
      },
      link: (isUp) => {
        this.clock.catchUp();
        this.linked(isUp);
      },
    });
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    const isToServers =
      ethernet.dstLow(bytes, start) === SERVERS_LOW && ethernet.dstHigh(bytes, start) === SERVERS_HIGH;
    if (isToServers) this.servers.receive(bytes, start, end);
    else this.nic.transmit(bytes, start, end);
  }

  async close(): Promise<void> {
    await this.servers.close();
    await this.nic.close();
  }

  /**
   * While the relay is away the address stays, and with it the connections that go on when it is back; new ones are told that
   * there is no way.
   */
  private linked(isUp: boolean): void {
    const { host, device } = this.wan;
    this.isUp = isUp;
    if (!isUp) return this.leased.withdraw();
    this.dhcp.ask();
    host.routers.ask(device);
  }

  private settle(lease: DhcpLease | null): void {
    this.problem = lease === null ? null : (this.conflict(lease) ?? this.refusal(lease));
    this.lease = this.problem === null ? lease : null;
    if (this.lease === null) this.leased.take(null);
    const { host, device } = this.wan;
    const mtu = Math.min(this.mtu, this.lease?.mtu || this.mtu);
    // Less would end IPv6 on the wire, and is no relay's.
    if (mtu >= MIN_MTU_6 && device.mtu !== mtu) host.netlink.links.setMtu(device, mtu);
  }

  /** The lease is put in force; why not, when the host cannot have it. Whoever gives it is a stranger. */
  private refusal(lease: DhcpLease): string | null {
    try {
      this.leased.take(lease);
      return null;
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      return `the relay's lease is of no use: ${error.message}`;
    }
  }

  /** A network that is the guests' as well leads to them and nowhere else. */
  private conflict(lease: DhcpLease): string | null {
    const { host, device } = this.wan;
    const { words, length } = prefixOfLease(lease);
    for (const own of host.addresses.all) {
      if (own.family !== 4 || own.device === device || own.device.isLoopback) continue;
      const shorter = Math.min(length, own.length);
      if (sameWords(networkOf(words, shorter), networkOf(own.words, shorter)))
        return `the relay's network is that of the guests: ${formatIp4(lease.address)}/${length}`;
    }
    return null;
  }
}
