/**
 * Guest networks in a browser: the gateway and all that it does for its guests are those of `sluice net`; the world behind it
 * is made of servers of one's own, and of what `fetch` or a relay reaches.
 *
 *     const emulator = new V86({ …, net_device: { type: 'virtio' } });
 *     const network = await createNetwork({
 *       guests: { linux: new V86Nic(emulator) },
 *       mtu: 1500,
 *       servers: { 'web.example': { addresses: ['203.0.113.80'], ports: { 80: http(() => new Response('hello\n')) } } },
 *       rules: '*filter\n…COMMIT\n',
 *     });
 */
import { SluiceError } from '../base/errors.ts';
import { SeededRng } from '../base/rng.ts';
import { NetworkCore } from '../vmm/network.ts';
import type { GuestConfig, NetworkOptions } from '../vmm/network-options.ts';
import { loadRules, type RulesText } from '../vmm/network-words.ts';
import type { Nic } from '../vmm/nics/nic.ts';
import { http, type HttpHandler } from '../vmm/servers/http.ts';
import type { Server } from '../vmm/servers/server.ts';
import { ServerNames } from '../vmm/servers/server-names.ts';
import { ServersWorld } from '../vmm/servers/servers-world.ts';
import { GatewayResolver } from '../vmm/services/gateway-resolver.ts';
import { relayUplink, RelayWorld, type RelayState } from '../vmm/world/relay-world.ts';

export interface World {
  /** By name. */
  readonly servers?: Readonly<Record<string, Server>>;
  /** Answers what is asked of port 80 of all other names; `throughFetch` asks the world. Without it, they are unknown. */
  readonly web?: HttpHandler;
  /** The way out for everything else, `new RelayNic('wss://…')`: it knows all other names, so that `web` is not to be had beside it. */
  readonly relay?: Nic;
}

/** A guest's card, or its card and what else is said of it. */
export type BrowserGuest = Nic | Omit<GuestConfig, 'name'>;

export interface BrowserNetworkOptions extends Omit<NetworkOptions, 'guests' | 'addresses'>, World {
  /** By name. */
  readonly guests: Readonly<Record<string, BrowserGuest>>;
  /** The gateway's addresses towards the guests, with prefix; 192.168.122.1/24 and one of IPv6 unless given. */
  readonly addresses?: readonly string[];
  /** As iptables-save prints them. */
  readonly rules?: string;
  /** As ip6tables-save prints them. */
  readonly rules6?: string;
}

const DEFAULT_ADDRESSES: readonly string[] = ['192.168.122.1/24', 'fd53:6c75:6963:7a00::1/64'];
/** Others than those of `sluice net`, whose network the relay's may be. */
const DEFAULT_ADDRESSES_BEHIND_RELAY: readonly string[] = ['192.168.123.1/24', 'fd53:6c75:6963:7b00::1/64'];

/** All names that nobody knows lead to here (RFC 2544: no address of the Internet's). */
const WEB_ADDRESS = '198.18.0.80';

/**
 * Rules behind a relay, unless others are given: guests are known by the gateway's address, as nobody there knows the way to
 * theirs; and of those who are there, nobody begins anything with the gateway or a guest.
 */
const rulesBehindRelay = (icmp: string) => `*nat
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
-A INPUT -i wan -p ${icmp} -j ACCEPT
-A INPUT -i wan -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
-A FORWARD -i wan -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
COMMIT
`;

export class BrowserNetwork extends NetworkCore<ServersWorld | RelayWorld> {
  constructor(options: NetworkOptions, { servers = {}, web, relay }: World) {
    if (web !== undefined && relay !== undefined)
      throw new SluiceError('NETWORK', 'web: names are what the relay says; only one of both can be had');
    const seed = options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
    const named = Object.entries(servers);
    const others: Server[] =
      web === undefined ? [] : [{ addresses: [WEB_ADDRESS], ports: { 80: http(web) } }];
    const addresses = new Map(named.map(([name, server]) => [name.toLowerCase(), server.addresses]));
    const everywhere = others.flatMap((server) => server.addresses);
    const all = [...named.map(([, server]) => server), ...others];
    let relayed: RelayWorld | undefined;
    super(
      { ...options, seed },
      {
        uplink: relay && relayUplink(new SeededRng(seed), all),
        makeWorld: (parts, wan) => {
          if (relay === undefined) return new ServersWorld(parts, all);
          return (relayed = new RelayWorld(parts, wan, relay, all));
        },
        makeNameServer: (names, watch, _outside, { udp, tcp }) => {
          const resolver =
            relay === undefined ? null : new GatewayResolver(udp, tcp, () => relayed!.nameServers);
          return new ServerNames(names, addresses, everywhere, watch, resolver);
        },
      },
    );
  }

  /** How it stands with the relay; null where there is none. */
  get relay(): RelayState | null {
    return this.world instanceof RelayWorld ? this.world.state : null;
  }
}

/** A network that runs. Rejects with SluiceError; of rules, with their line. */
export async function createNetwork(options: BrowserNetworkOptions): Promise<BrowserNetwork> {
  const { servers, web, relay, guests, ...rest } = options;
  const isRelayed = relay !== undefined;
  const {
    addresses = isRelayed ? DEFAULT_ADDRESSES_BEHIND_RELAY : DEFAULT_ADDRESSES,
    rules = isRelayed ? rulesBehindRelay('icmp') : undefined,
    rules6 = isRelayed ? rulesBehindRelay('ipv6-icmp') : undefined,
    ...settings
  } = rest;
  const cards = Object.entries(guests).map(([name, guest]): GuestConfig => {
    return 'nic' in guest ? { ...guest, name } : { name, nic: guest };
  });
  const world: World = { ...(servers && { servers }), ...(web && { web }), ...(relay && { relay }) };
  const network = new BrowserNetwork({ ...settings, addresses, guests: cards }, world);
  const texts: RulesText[] = [];
  if (rules !== undefined) texts.push({ family: 4, text: rules, file: 'rules' });
  if (rules6 !== undefined) texts.push({ family: 6, text: rules6, file: 'rules6' });
  try {
    loadRules(network, texts);
    await network.start();
    return network;
  } catch (error) {
    await network.close();
    throw error;
  }
}
