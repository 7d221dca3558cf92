/** Rules at work on a gateway between eth0 and eth1: packets in, what left and what the rules counted out. */
import { ethernet } from '../../../src/conform/frames.ts';
import {
  Gateway,
  PacketBuffer,
  parseHostConfig,
  parseRestore,
  SeededRng,
  VirtualClock,
  type LogSink,
} from '../../../src/index.ts';

const MAC = '02:00:00:00:00:01';
const STATION = '02:00:00:00:01:01';

const CONFIG = {
  interfaces: {
    eth0: { mac: MAC, addresses: ['10.0.0.1/24', 'fd00:a::1/64'] },
    eth1: { addresses: ['203.0.113.1/24', '2001:db8:1::1/64'] },
  },
  neighbours: 'assume',
  routes: [
    { to: 'default', via: '203.0.113.254', dev: 'eth1' },
    { to: 'default', via: '2001:db8:1::fe', dev: 'eth1' },
  ],
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
};

export interface AtWorkOptions {
  readonly table: string;
  /** Behind `-A`. */
  readonly rules: readonly string[];
  readonly family?: 4 | 6;
  readonly packetLogged?: NonNullable<LogSink['packet']>;
}

export class AtWork {
  readonly clock = new VirtualClock(1_700_000_000_000_000);
  readonly gateway: Gateway;
  /** Frames that left, without their Ethernet headers. */
  left: Uint8Array[] = [];
  private readonly family: 4 | 6;
  private readonly table: string;

  constructor({ table, rules, family = 4, packetLogged }: AtWorkOptions) {
    this.family = family;
    this.table = table;
    this.gateway = new Gateway(parseHostConfig(CONFIG), {
      clock: this.clock,
      rng: new SeededRng(1),
      log: {
        wanted: false,
        line: () => {},
        ...(packetLogged === undefined ? {} : { packet: packetLogged }),
      },
      sink: { frame: (_device, bytes, start, end) => void this.left.push(bytes.slice(start + 14, end)) },
    });
    const text = `*${table}\n${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT\n`;
    this.gateway.load(parseRestore(text, { family }));
  }

  /** The IP packet comes in on eth0; what left for it. */
  send(packet: readonly number[], macs: { readonly to?: string; readonly from?: string } = {}): Uint8Array[] {
    this.left = [];
    const pkt = new PacketBuffer(ethernet(macs.to ?? MAC, macs.from ?? STATION, packet));
    this.gateway.host.receive(this.gateway.host.devices.named('eth0')!, pkt);
    this.gateway.netfilter.release(pkt);
    return this.left;
  }

  /** Packets that each rule counted, in the order of the chains. */
  get counts(): number[] {
    const table = [...this.gateway.netfilter.ruleset(this.family)!.tables.values()].find(
      ({ spec }) => spec.name === this.table,
    )!;
    return [...table.chains.values()].flatMap(({ rules }) => rules.map(({ packets }) => packets));
  }
}
