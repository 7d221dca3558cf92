/**
 * The flow table must show in nothing but time. The reference engine keeps no ways, so a gateway with it is the judge:
 * both are given the same conversations under the same rules, and must send the same frames, count the same, keep the
 * same connections and name the same deciding rules.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VirtualClock } from '../../src/base/clock.ts';
import { SeededRng } from '../../src/base/rng.ts';
import type { Family } from '../../src/netfilter/hook.ts';
import { StateTest } from '../../src/netfilter/matches/connection-state.ts';
import type { EngineName } from '../../src/netfilter/rules-in-force.ts';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { printSave } from '../../src/netfilter/syntax/save.ts';
import { parseHostConfig } from '../../src/stack/config.ts';
import { Gateway } from '../../src/stack/gateway.ts';
import { data, ethernet, frame, ipv4, ipv6, tcp, udp } from '../../src/wire/build.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';

const CONFIG = {
  interfaces: {
    eth0: { mac: '02:00:00:00:00:01', addresses: ['10.1.0.1/24', 'fd01::1/64'] },
    eth1: { mac: '02:00:00:00:00:02', addresses: ['10.2.0.1/24', 'fd02::1/64'], mtu: 1280 },
    eth2: { mac: '02:00:00:00:00:03', addresses: ['10.3.0.1/24', 'fd03::1/64'] },
  },
  neighbours: 'assume',
  sysctl: { 'net.netfilter.nf_conntrack_acct': 1, 'net.netfilter.nf_conntrack_max': 64 },
};

const HOSTS = { 4: ['10.1.0.5', '10.2.0.9', '10.2.0.1'], 6: ['fd01::5', 'fd02::9', 'fd02::1'] } as const;

/** What a client and a server send each other, and what happens around them. */
type Event =
  | {
      readonly kind: 'packet';
      readonly reply: boolean;
      /** TCP: bits of the flags; UDP has none. */
      readonly flags: number;
      readonly bytes: number;
      readonly ttl: number;
      readonly tos: number;
      /** Of the conversations that go on side by side. */
      readonly port: number;
      readonly iface: string | null;
      readonly badChecksum: boolean;
    }
  | { readonly kind: 'counters' }
  | { readonly kind: 'rules' }
  | { readonly kind: 'wait'; readonly us: number }
  | { readonly kind: 'forwarding'; readonly on: boolean };

class World {
  readonly told: string[] = [];
  private readonly clock = new VirtualClock(1_700_000_000_000_000);
  private readonly gateway: Gateway;
  private readonly family: Family;
  private readonly udp: boolean;
  private readonly rules: string;
  private readonly pkt = new PacketBuffer();
  private readonly sent = new Map<string, [client: number, server: number]>();

  constructor(engine: EngineName, family: Family, overUdp: boolean, rules: string) {
    this.family = family;
    this.udp = overUdp;
    this.rules = rules;
    this.gateway = new Gateway(parseHostConfig(CONFIG), {
      clock: this.clock,
      rng: new SeededRng(7),
      log: { wanted: true, line: ({ text }) => void this.told.push(text) },
      sink: {
        frame: (device, bytes, start, end) =>
          void this.told.push(`${device.name} ${Buffer.from(bytes.subarray(start, end)).toString('hex')}`),
      },
      engine,
    });
    this.load();
  }

  play(event: Event): void {
    this.clock.advanceTo(this.clock.now + 1000);
    switch (event.kind) {
      case 'packet':
        return this.packet(event);
      case 'counters':
        this.told.push(this.tables());
        return;
      case 'rules':
        return this.load();
      case 'wait':
        return this.clock.advanceTo(this.clock.now + event.us);
      case 'forwarding':
        this.gateway.sysctls.set('net.ipv4.ip_forward', event.on ? 1 : 0);
        this.gateway.sysctls.set('net.ipv6.conf.all.forwarding', event.on ? 1 : 0);
    }
  }

  /** Everything that can be asked of the gateway in the end. */
  end(): string[] {
    const { conntrack, host } = this.gateway;
    const devices = [...host.devices.all()].map((one) => `${one.name} ${one.rxPackets} ${one.txBytes}`);
    return [...this.told, this.tables(), ...conntrack.list(this.family), ...devices, String(host.dropCounts)];
  }

  private load(): void {
    this.gateway.load(parseRestore(this.rules, { family: this.family }));
  }

  private tables(): string {
    return printSave(this.gateway.netfilter.ruleset(this.family)!, { counters: true });
  }

  private packet(event: Event & { kind: 'packet' }): void {
    const [client, server, own] = HOSTS[this.family];
    const translated = this.rules.includes('MASQUERADE') || this.rules.includes('SNAT');
    const src = event.reply ? server! : client!;
    const dst = event.reply ? (translated ? own! : client!) : server!;
    const iface = event.iface ?? (event.reply ? 'eth1' : 'eth0');
    const mac = this.gateway.host.devices.named(iface)!.mac;
    const [srcPort, dstPort] = event.reply ? [80, event.port] : [event.port, 80];
    const transport = this.udp ? udp({ srcPort, dstPort }) : tcp(this.segment(event, srcPort, dstPort));
    const network =
      this.family === 4
        ? ipv4({ src, dst, ttl: event.ttl, tos: event.tos })
        : ipv6({ src, dst, hopLimit: event.ttl, trafficClass: event.tos });
    const bytes = frame(
      ethernet({ dst: mac, src: '02:00:00:00:99:99' }),
      network,
      transport,
      data(new Uint8Array(event.bytes)),
    );
    if (event.badChecksum) bytes[bytes.length - 1]! ^= 1;
    const { pkt } = this;
    pkt.reset(bytes, 0, bytes.length);
    this.gateway.host.receive(this.gateway.host.devices.named(iface)!, pkt);
    this.told.push(
      `${pkt.dropReason} ${this.gateway.netfilter.describeDecision(pkt)} ${pkt.oif} ${pkt.ctInfo}`,
    );
    this.gateway.netfilter.release(pkt);
  }

  private segment(
    { reply, flags, bytes, port }: Event & { kind: 'packet' },
    srcPort: number,
    dstPort: number,
  ) {
    const key = String(port);
    const sent = this.sent.get(key) ?? [1000, 5000];
    const [seq, ack] = reply ? [sent[1], sent[0]] : [sent[0], sent[1]];
    sent[reply ? 1 : 0] += bytes + (flags & 3 ? 1 : 0);
    this.sent.set(key, sent);
    return { srcPort, dstPort, flags, seq, ack: flags & 0x10 ? ack : 0, window: 60000 };
  }
}

/** Rules that leave a flow its way, and rules that must see every packet. */
const FILTER = [
  '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-m state --state ESTABLISHED -j chain',
  '-m conntrack --ctstate INVALID -j DROP',
  '-m conntrack --ctdir REPLY -j ACCEPT',
  '-m conntrack --ctstatus ASSURED -j ACCEPT',
  '-m conntrack --ctexpire 1:100 -j ACCEPT',
  '-p tcp -m tcp --dport 80',
  '-p tcp -m tcp --tcp-flags PSH PSH -j ACCEPT',
  '-p tcp -m tcp --tcp-flags SYN,RST SYN -j ACCEPT',
  '-p udp -m udp --sport 80 -j chain',
  '-p tcp -m multiport --ports 2000,80 -m comment --comment x -j chain',
  '-m limit --limit 1/sec --limit-burst 3 -j ACCEPT',
  '-m conntrack --ctstate NEW -m limit --limit 1/sec --limit-burst 2 -j LOG',
  '-m length --length 0:100 -j LOG --log-prefix short',
  '-m statistic --mode nth --every 3 --packet 0 -j DROP',
  '-m mark --mark 1 -j LOG',
  '-i eth2 -j DROP',
  '-o eth1 -j ACCEPT',
  '-j chain',
];
const MANGLE = [
  '-A PREROUTING -m length --length 60:100 -j MARK --set-mark 1',
  '-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 500',
  '-A POSTROUTING -m dscp --dscp 0x02 -j DSCP --set-dscp 0x0a',
  '-A POSTROUTING -j CONNMARK --set-mark 5',
  '-A FORWARD -m connmark --mark 5 -j MARK --set-mark 2',
];
const NAT = [
  '-A POSTROUTING -o eth1 -j MASQUERADE',
  '-A PREROUTING -i eth1 -p tcp -m tcp --dport 81 -j DNAT --to :80',
];

const builtIn = (...chains: string[]) => chains.map((chain) => `:${chain} ACCEPT [0:0]`);

function ruleset(filter: string[], chain: string[], mangle: string[] | null, nat: string[] | null): string {
  const lines = ['*filter', ...builtIn('INPUT', 'FORWARD', 'OUTPUT'), ':chain - [0:0]'];
  lines.push(
    ...filter.map((rule) => `-A FORWARD ${rule}`),
    ...chain.map((rule) => `-A chain ${rule}`),
    'COMMIT',
  );
  if (mangle !== null) {
    const chains = builtIn('PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING');
    lines.push('*mangle', ...chains, ...mangle, 'COMMIT');
  }
  if (nat !== null) {
    lines.push('*nat', ...builtIn('PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'), ...nat, 'COMMIT');
  }
  return `${lines.join('\n')}\n`;
}

const rules = fc
  .tuple(
    fc.array(fc.constantFrom(...FILTER), { maxLength: 5 }),
    fc.array(fc.constantFrom(...FILTER.filter((rule) => !rule.includes('-j chain'))), { maxLength: 2 }),
    fc.option(fc.subarray(MANGLE, { maxLength: 2 })),
    fc.option(fc.subarray(NAT)),
  )
  .map((parts) => ruleset(...parts));

const usually = <T>(value: T, ...others: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(value) }, ...others.map((other) => fc.constant(other)));

const packetEvent: fc.Arbitrary<Event> = fc.record({
  kind: fc.constant('packet' as const),
  reply: fc.boolean(),
  flags: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0x10, 0x18) },
    fc.constantFrom(0x02, 0x12, 0x11, 0x04, 0x14, 0x30, 0),
  ),
  bytes: fc.oneof(fc.integer({ min: 0, max: 80 }), usually(0, 1400)),
  ttl: usually(64, 1, 2),
  tos: usually(0, 8),
  port: fc.constantFrom(2000, 2001),
  iface: usually<string | null>(null, 'eth2', 'eth1'),
  badChecksum: usually(false, true),
});

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: packetEvent },
    fc.constant<Event>({ kind: 'counters' }),
    fc.constant<Event>({ kind: 'rules' }),
    fc.constant<Event>({ kind: 'wait', us: 40_000_000 }),
    fc.boolean().map((on): Event => ({ kind: 'forwarding', on })),
  ),
  { minLength: 5, maxLength: 60 },
);

const plainPacket = { kind: 'packet', bytes: 10, ttl: 64, tos: 0, iface: null, badChecksum: false } as const;

/** Each conversation begins as it should, so that most of what follows is in the middle of one. */
const OPENING: readonly Event[] = [2000, 2001].flatMap((port): Event[] => [
  { ...plainPacket, bytes: 0, reply: false, flags: 0x02, port },
  { ...plainPacket, bytes: 0, reply: true, flags: 0x12, port },
  { ...plainPacket, bytes: 0, reply: false, flags: 0x10, port },
]);

function play(
  engine: EngineName,
  family: Family,
  overUdp: boolean,
  text: string,
  what: readonly Event[],
): string[] {
  const world = new World(engine, family, overUdp, text);
  for (const event of [...OPENING, ...what]) world.play(event);
  return world.end();
}

describe('the flow table', () => {
  for (const family of [4, 6] as const) {
    for (const transport of ['TCP', 'UDP'] as const) {
      it(`shows in nothing that a gateway does: IPv${family}, ${transport}`, () => {
        fc.assert(
          fc.property(rules, events, (text, what) => {
            const isUdp = transport === 'UDP';
            assert.deepEqual(
              play('compiled', family, isUdp, text, what),
              play('reference', family, isUdp, text, what),
            );
          }),
          { numRuns: 150 },
        );
      });
    }
  }

  it('asks no rule about the second packet like another, and counts it all the same', () => {
    const text = ruleset(['-m state --state ESTABLISHED -j ACCEPT'], [], null, null);
    const test = StateTest.prototype.test;
    let asked = 0;
    StateTest.prototype.test = function (this: StateTest, pkt) {
      asked++;
      return test.call(this, pkt);
    };
    const reply = { ...plainPacket, reply: true, port: 2000 };
    try {
      const told = play('compiled', 4, false, text, [
        { ...reply, flags: 0x10 },
        { ...reply, flags: 0x18 },
        { ...reply, flags: 0x10, bytes: 700 },
        { ...reply, flags: 0x18, ttl: 2 },
        { kind: 'counters' },
      ]);
      assert.equal(asked, OPENING.length + 1);
      assert.match(told.join('\n'), /^\[8:\d+\] -A FORWARD -m state/m);
    } finally {
      StateTest.prototype.test = test;
    }
  });
});
