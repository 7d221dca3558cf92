/**
 * A lab in real time, some of whose nodes are not its own: virtual machines (`kind: vm`), whose frames come from their VMMs, and
 * the world (`kind: world`), which is this machine's sockets. Switches, routers, rules and services between them are the lab's.
 *
 *     const network = new LabNetwork(parseLab({ text, file }));
 *     await network.start();      // sockets are open; network.machines say what to tell the VMMs
 *
 * Nothing guards a lab from its machines but the rate that they may send at (`rate: 100mbit`): they may say what machines on a
 * cable may.
 */
import { fail, listAt, objectAt, onlyKeys, textAt, understoodAt } from '../base/plain-object.ts';
import { SeededRng } from '../base/rng.ts';
import { Lab, type LabParts, type Outside, type OutsideNode, type Topology } from '../lab/index.ts';
import { formatAddress, networkOf, parsePrefix, type IpPrefix } from '../stack/address.ts';
import { Scope } from '../stack/addresses.ts';
import { formatIp4 } from '../wire/address.ts';
import { RateLimit } from './guard/rate-limit.ts';
import { macAt, rateAt } from './guest-settings.ts';
import { makeNic, parseAttachment, vmmWords } from './nics/attachment.ts';
import type { Nic } from './nics/nic.ts';
import { RealClock } from './real-clock.ts';
import { parseForward, type Forward } from './world/forward.ts';
import type { Forwards } from './world/forwards.ts';
import { Outside as Border } from './world/outside.ts';
import { UNWATCHED } from './world/witness.ts';
import { MachineWorld } from './world/world.ts';

/** A network card outside the lab. */
export interface MachineNic {
  /** `web`, or `web:eth1` for all cards but the first. */
  readonly name: string;
  readonly nic: Nic;
  /** What to add to the command line of its VMM. */
  readonly words: readonly string[];
  /** What it may send. */
  readonly rate: RateLimit | null;
  isUp: boolean;
}

export interface LabListener {
  /** A machine came, or went. */
  readonly link?: (machine: string, isUp: boolean) => void;
  /** What is wrong with somebody who connected to a machine's socket. */
  readonly complaint?: (message: string) => void;
}

/** Where the file says nothing of a family, so that there is one: no host of the lab knows it. */
const SPARE_ADDRESSES = { 4: '100.64.0.2/30', 6: 'fd53:6c75:6963:6500::2/64' } as const;
const WORLD_MAC = '02:53:6c:00:00:03';
const MTU = 65520;
const CONNECTIONS_PER_ADDRESS = 1024;

export class LabNetwork {
  readonly lab: Lab;
  readonly machines: MachineNic[] = [];
  private readonly clock = new RealClock();
  private readonly border = new Border(this.clock);
  private readonly listener: LabListener;
  private readonly starts: (() => void | Promise<void>)[] = [];
  private readonly worlds: { readonly world: MachineWorld; readonly wanted: readonly Forward[] }[] = [];

  constructor(topology: Topology, files: LabParts['files'] = null, listener: LabListener = {}) {
    this.listener = listener;
    this.lab = new Lab(topology, {
      files: files ?? null,
      clock: this.clock,
      outside: (node, say) => {
        const toLab = (port: string, bytes: Uint8Array, start: number, end: number) => {
          say(port, bytes, start, end);
          // What it causes is due now, and nothing else would look at the clock.
          this.border.soon(() => {});
        };
        return node.kind === 'vm' ? this.machine(node, toLab) : this.world(node, toLab, topology);
      },
    });
  }

  /** Lets the machines in, and opens forwards. Rejects with a SluiceError, and then nothing is open. */
  async start(): Promise<void> {
    try {
      for (const start of this.starts) await start();
      for (const { world, wanted } of this.worlds)
        for (const forward of wanted) await world.forwards.add(forward);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ports of this machine that lead into the lab; null where it has no world. */
  get forwards(): Forwards | null {
    return this.worlds[0]?.world.forwards ?? null;
  }

  async close(): Promise<void> {
    for (const { world } of this.worlds) await world.close();
    await Promise.all(this.machines.map(({ nic }) => nic.close()));
    this.lab.close();
    this.clock.stop();
  }

  // ── Virtual machines ────────────────────────────────────────────────────────────────────────────────────────

  private machine(node: OutsideNode, toLab: Say): Outside {
    const cards = new Map<string, MachineNic>();
    for (const [index, [port, value]] of Object.entries(node.interfaces).entries()) {
      const card = this.card(node, port, value, index === 0 ? node.name : `${node.name}:${port}`);
      cards.set(port, card);
      this.machines.push(card);
      this.starts.push(() => {
        this.plug(node, port, false);
        return card.nic.start({
          frame: (bytes, start, end) =>
            this.border.enter(() => {
              if (card.rate?.take(end - start) ?? true) toLab(port, bytes, start, end);
            }),
          link: (isUp) => {
            card.isUp = isUp;
            this.border.enter(() => this.plug(node, port, isUp));
            this.listener.link?.(card.name, isUp);
          },
        });
      });
    }
    return { hear: (port, bytes, start, end) => void cards.get(port)?.nic.transmit(bytes, start, end) };
  }

  private card({ path }: OutsideNode, port: string, value: unknown, name: string): MachineNic {
    const where = `${path}.interfaces.${port}`;
    const settings = typeof value === 'string' ? { socket: value } : objectAt(value, where);
    onlyKeys(settings, where, ['socket', 'mac', 'rate']);
    const attachment = understoodAt(`${where}.socket`, () =>
      parseAttachment(textAt(settings['socket'], `${where}.socket`)),
    );
    const { mac, rate } = settings;
    return {
      name,
      nic: makeNic(attachment, this.listener.complaint ?? (() => {})),
      words: vmmWords(
        name.replace(':', '-'),
        attachment,
        mac === undefined ? undefined : macAt(mac, `${where}.mac`),
      ),
      rate: rate === undefined ? null : new RateLimit(this.clock, rateAt(rate, `${where}.rate`)),
      isUp: false,
    };
  }

  /** The cable of a machine is in as long as its VMM is there, unless the file has it out. */
  private plug({ name }: OutsideNode, port: string, isUp: boolean): void {
    const link = this.lab.linkAt(`${name}:${port}`);
    if (link?.config.up === true) this.lab.setLink(link, isUp);
  }

  // ── The world ───────────────────────────────────────────────────────────────────────────────────────────────

  private world(node: OutsideNode, toLab: Say, topology: Topology): Outside {
    const { path, interfaces, settings } = node;
    const [port, ...others] = Object.keys(interfaces);
    if (others.length > 0) fail(`${path}.interfaces`, 'the world has one');
    const where = `${path}.interfaces.${port!}`;
    const given = interfaces[port!];
    const texts = Array.isArray(given) ? given : [given];
    const addresses = texts.map((one, i) => {
      const text = textAt(one, `${where}[${i}]`);
      if (parsePrefix(text) !== undefined && text.includes('/')) return text;
      return fail(`${where}[${i}]`, `not an address with prefix length: "${text}"`);
    });
    const networks = networksBeyond(addresses, topology);
    for (const family of [4, 6] as const) {
      const isThere = addresses.some((text) => parsePrefix(text)!.family === family);
      if (!isThere) addresses.push(SPARE_ADDRESSES[family]);
    }
    const wanted = listAt(settings['forwards'], `${path}.forwards`).map((one, i) =>
      understoodAt(`${path}.forwards[${i}]`, () => parseForward(textAt(one, `${path}.forwards[${i}]`))),
    );
    const world = new MachineWorld({
      clock: this.clock,
      rng: new SeededRng(crypto.getRandomValues(new Uint32Array(1))[0]!),
      mac: WORLD_MAC,
      mtu: MTU,
      addresses,
      witness: UNWATCHED,
      reaches: () => true,
      guestOf: (pkt) => [pkt.family, pkt.src0, pkt.src1, pkt.src2, pkt.src3].join(),
      connectionsPerGuest: CONNECTIONS_PER_ADDRESS,
      addressesOf: (name) => this.addressesOf(name),
      guests: networks,
      toGateway: (bytes, start, end) => toLab(port!, bytes, start, end),
    });
    this.worlds.push({ world, wanted });
    return {
      hear: (_port, bytes, start, end) => world.receive(bytes.slice(start, end), 0, end - start, false),
    };
  }

  /** Of a host of the lab; of a machine, what was leased to it under its name. */
  private addressesOf(name: string): string[] {
    const own = this.lab.hosts.get(name)?.gateway.host.addresses.all ?? [];
    const leased = [...this.lab.hosts.values()].flatMap(({ services }) =>
      services.leases.flatMap((leases) => [...leases].filter((lease) => lease.name === name)),
    );
    return [
      ...own.filter(({ scope }) => scope === Scope.UNIVERSE).map(formatAddress),
      ...leased.map(({ address }) => formatIp4(address)),
    ];
  }
}

type Say = (port: string, bytes: Uint8Array, start: number, end: number) => void;

/** The networks of the lab that are not the world's own cable, each by the host that is on both. */
function networksBeyond(
  addresses: readonly string[],
  { nodes }: Topology,
): { readonly to: string; readonly via: string }[] {
  const hosts = nodes.flatMap((node) => (node.kind === 'host' ? [node] : []));
  const prefixes = hosts.flatMap(({ config }) => config.interfaces.flatMap((iface) => iface.addresses));
  return addresses.flatMap((text) => {
    const own = parsePrefix(text)!;
    const isHere = (one: IpPrefix) =>
      one.family === own.family && networkText(one, own.length) === networkText(own);
    const router = prefixes.find(isHere);
    if (router === undefined) return [];
    const beyond = prefixes.filter((one) => one.family === own.family && !isHere(one));
    return [...new Set(beyond.map((one) => networkText(one)))].map((to) => ({
      to,
      via: formatAddress(router),
    }));
  });
}

function networkText({ family, words, length }: IpPrefix, bits = length): string {
  return `${formatAddress({ family, words: networkOf(words, bits) })}/${bits}`;
}
