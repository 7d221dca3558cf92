/**
 * Guest networks in a browser: the gateway and all that it does for its guests are those of `sluice net`; the world behind it
 * is made of servers of one's own, and of what `fetch` reaches.
 *
 *     const emulator = new V86({ …, net_device: { type: 'virtio' } });
 *     const network = await createNetwork({
 *       guests: { linux: new V86Nic(emulator) },
 *       mtu: 1500,
 *       servers: { 'web.example': { addresses: ['203.0.113.80'], ports: { 80: http(() => new Response('hello\n')) } } },
 *       rules: '*filter\n…COMMIT\n',
 *     });
 */
import { NetworkCore, type GuestConfig, type NetworkOptions } from '../vmm/network.ts';
import { loadRules, type RulesText } from '../vmm/network-words.ts';
import type { Nic } from '../vmm/nics/nic.ts';
import { http, type HttpHandler } from '../vmm/servers/http.ts';
import type { Server } from '../vmm/servers/server.ts';
import { ServerNames } from '../vmm/servers/server-names.ts';
import { ServersWorld } from '../vmm/servers/servers-world.ts';

export interface World {
  /** By name. */
  readonly servers?: Readonly<Record<string, Server>>;
  /** Answers what is asked of port 80 of all other names; `throughFetch` asks the world. Without it, they are unknown. */
  readonly web?: HttpHandler;
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

/** All names that nobody knows lead to here (RFC 2544: no address of the Internet's). */
const WEB_ADDRESS = '198.18.0.80';

export class BrowserNetwork extends NetworkCore<ServersWorld> {
  constructor(options: NetworkOptions, { servers = {}, web }: World) {
    const named = Object.entries(servers);
    const others: Server[] =
      web === undefined ? [] : [{ addresses: [WEB_ADDRESS], ports: { 80: http(web) } }];
    const addresses = new Map(named.map(([name, server]) => [name.toLowerCase(), server.addresses]));
    const everywhere = others.flatMap((server) => server.addresses);
    super(options, {
      makeWorld: (parts) => new ServersWorld(parts, [...named.map(([, server]) => server), ...others]),
      makeNameServer: (names, watch) => new ServerNames(names, addresses, everywhere, watch),
    });
  }
}

/** A network that runs. Rejects with SluiceError; of rules, with their line. */
export async function createNetwork(options: BrowserNetworkOptions): Promise<BrowserNetwork> {
  const { servers, web, rules, rules6, guests, addresses = DEFAULT_ADDRESSES, ...settings } = options;
  const cards = Object.entries(guests).map(([name, guest]): GuestConfig => {
    return 'nic' in guest ? { ...guest, name } : { name, nic: guest };
  });
  const world: World = { ...(servers && { servers }), ...(web && { web }) };
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
