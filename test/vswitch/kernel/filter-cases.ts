/**
 * Bridges whose host's rules see what they bridge (br_netfilter), at random from a seed: rules on physical ports, NAT on the
 * bridge, rejections, fragments, tags and PPPoE, for the kernel and for Sluice.
 */
import { VirtualClock } from '../../../src/base/clock.ts';
import { SeededRng } from '../../../src/base/rng.ts';
import { Chance } from '../../../src/conform/random/chance.ts';
import { parseRestore } from '../../../src/netfilter/syntax/restore.ts';
import { printSave } from '../../../src/netfilter/syntax/save.ts';
import { BridgeNetfilter, keepState } from '../../../src/stack/bridge-netfilter.ts';
import { parseHostConfig } from '../../../src/stack/config.ts';
import { Gateway } from '../../../src/stack/gateway.ts';
import { LearningSwitch } from '../../../src/vswitch/learning/bridge.ts';
import { parseLearning } from '../../../src/vswitch/learning/config.ts';
import * as build from '../../../src/wire/build.ts';
import { bytesToHex, hexToBytes } from '../../../src/wire/bytes.ts';
import { PacketBuffer } from '../../../src/wire/packet-buffer.ts';
import { SELF, shorten, type BridgeAnswer, type BridgeCase, type Step } from './bridge-case.ts';

export interface FilterCase extends BridgeCase {
  readonly rules: Readonly<Record<4 | 6, string>>;
  readonly sysctl: Readonly<Record<string, number>>;
  /** The bridge has a device for VLAN 7, which not every kernel can make. */
  readonly hasVlan?: boolean;
}

const MAC = '02:00:00:00:00:fe';
const STATIONS = [1, 2, 3, 4, 5];
const PORTS = ['p1', 'p2', 'p3', 'p4'];
const HEAD_ROOM = 64;
const START_US = 1_700_000_000_000_000;

const macOf = (n: number) => `02:00:00:00:00:0${n}`;
const address = (n: number) => `10.0.0.${n}`;
const address6 = (n: number) => `fd00::${n}`;

const QUIET: Readonly<Record<string, number>> = {
  'net.ipv4.conf.all.send_redirects': 0,
  'net.ipv4.conf.default.send_redirects': 0,
  'net.ipv4.conf.br0.send_redirects': 0,
  'net.ipv4.icmp_ratelimit': 0,
  'net.ipv6.icmp.ratelimit': 0,
};

// ── Cases ───────────────────────────────────────────────────────────────────────────────────────────────────────

export function randomFilterCase(seed: number): FilterCase {
  const chance = new Chance(seed);
  const flag = (probability: number) => Number(chance.is(probability));
  const sysctl = {
    ...QUIET,
    'net.ipv4.ip_forward': flag(0.5),
    'net.bridge.bridge-nf-call-iptables': flag(0.8),
    'net.bridge.bridge-nf-call-ip6tables': flag(0.7),
    'net.bridge.bridge-nf-call-arptables': flag(0.3),
    'net.bridge.bridge-nf-filter-vlan-tagged': flag(0.5),
    'net.bridge.bridge-nf-filter-pppoe-tagged': flag(0.5),
    'net.bridge.bridge-nf-pass-vlan-input-dev': flag(0.5),
  };
  // Of this bridge alone; both kinds of switch are looked at.
  const calls = { nf_call_iptables: chance.is(0.3), nf_call_ip6tables: chance.is(0.3) };
  const rules = { 4: randomRules(chance, 4), 6: randomRules(chance, 6) };
  return {
    name: `filter ${seed}`,
    switch: {
      ...{ model: 'learning', mac: MAC, self: SELF, ...calls },
      ports: Object.fromEntries(PORTS.map((p) => [p, {}])),
    },
    steps: [...learnt(), ...Array.from({ length: 40 }, () => randomStep(chance))],
    rules,
    sysctl,
    setup: kernelSetup(rules, sysctl),
    ask: "(iptables-legacy-save -c; ip6tables-legacy-save -c) | grep -v -e '-i x+'",
  };
}

/** Everybody has been heard: station n is at port n, station 5 at port 4 as well. */
function learnt(): Step[] {
  return STATIONS.map((n) => ({
    port: PORTS[Math.min(n, 4) - 1]!,
    frame: `ffffffffffff${macOf(n).replaceAll(':', '')}88b5${'5a'.repeat(46)}`,
  }));
}

export function kernelSetup(
  rules: FilterCase['rules'],
  sysctl: FilterCase['sysctl'],
  vlanSetup: readonly string[] = [],
): string[] {
  const write = Object.entries(sysctl).map(([name, value]) => {
    const [first, ...rest] = name.split('.');
    return `echo ${value} > /proc/sys/${first!}/${rest.join('/')}`;
  });
  return [
    `ip addr add 10.0.0.254/24 dev ${SELF}`,
    ...vlanSetup,
    ...STATIONS.map((n) => `ip neigh replace ${address(n)} lladdr ${macOf(n)} dev ${SELF} nud permanent`),
    `ip route add 10.9.0.0/24 via ${address(1)}`,
    // Otherwise the checksum of a reset is left to the network card, which a cable has none of.
    ...PORTS.map((port) => `ethtool -K ${port} tx off`),
    ...write,
    `iptables-legacy-restore <<'END'\n${rules[4]}END`,
    `ip6tables-legacy-restore <<'END'\n${rules[6]}END`,
    // What arrives at the far ends of the cables is nobody's affair.
    'iptables-legacy -t raw -I PREROUTING -i x+ -j DROP',
    'ip6tables-legacy -t raw -I PREROUTING -i x+ -j DROP',
  ];
}

function randomRules(chance: Chance, family: 4 | 6): string {
  const ports = ['p1', 'p2', 'p3', 'p4', 'p+'];
  const not = () => (chance.is(0.25) ? '! ' : '');
  const physdev = (mayLeave: boolean) => {
    const words = [
      ...(chance.is(0.5) ? [`${not()}--physdev-in ${chance.pick(ports)}`] : []),
      ...(chance.is(0.25) ? [`${not()}--physdev-is-in`] : []),
      ...(mayLeave && chance.is(0.4) ? [`${not()}--physdev-out ${chance.pick(ports)}`] : []),
      ...(mayLeave && chance.is(0.25) ? [`${not()}--physdev-is-out`] : []),
      ...(mayLeave && chance.is(0.3) ? [`${not()}--physdev-is-bridged`] : []),
    ];
    return words.length === 0 ? '' : `-m physdev ${words.join(' ')}`;
  };
  const ip = family === 4 ? address : address6;
  const icmp = family === 4 ? '-p icmp' : '-p icmpv6';
  const packet = () =>
    chance.weighted([
      [3, ''],
      [2, `-s ${ip(chance.pick(STATIONS))}`],
      [2, `${not()}-d ${ip(chance.pick(STATIONS))}`],
      [2, `-p udp --dport ${chance.pick([53, 80])}`],
      [2, '-p tcp'],
      [1, icmp],
      [1, '-m conntrack --ctstate NEW'],
      [1, '-m conntrack --ctstate ESTABLISHED,RELATED'],
      [1, '-m mark --mark 0x7'],
      [1, '-m pkttype --pkt-type host'],
      [1, '-m pkttype --pkt-type broadcast'],
    ]);
  const table = (name: string, chains: Record<string, () => string>) =>
    [
      `*${name}`,
      ...Object.keys(chains).map(
        (chain) => `:${chain} ${name === 'filter' && chance.is(0.12) ? 'DROP' : 'ACCEPT'} [0:0]`,
      ),
      ...Object.entries(chains).flatMap(([chain, make]) =>
        Array.from({ length: chance.below(4) }, () => `-A ${chain} ${make()}`),
      ),
      'COMMIT',
      '',
    ].join('\n');
  const reject = family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
  const verdict = () =>
    chance.weighted([
      [4, '-j DROP'],
      [4, '-j ACCEPT'],
      [3, ''],
      [2, `-j REJECT --reject-with ${reject}`],
    ]);
  const reset = () => `-p tcp ${physdev(true)} -j REJECT --reject-with tcp-reset`;
  const filter = (chain: string, direction: string, mayLeave: boolean) => () =>
    chance.is(0.12)
      ? chain === 'INPUT'
        ? `-p tcp ${physdev(false)} -j REJECT --reject-with tcp-reset`
        : reset()
      : `${chance.is(0.3) ? `${not()}${direction} ${direction === '-i' && chance.is(0.3) ? `${SELF}.7` : SELF}` : ''} ${physdev(mayLeave)} ${packet()} ${verdict()}`;
  const mangle = (mayLeave: boolean) => () =>
    `${physdev(mayLeave)} ${packet()} ${chance.pick(['-j MARK --set-mark 0x7', '', family === 4 ? '-j TTL --ttl-set 9' : '-j HL --hl-set 9'])}`;
  const text = [
    table('raw', {
      PREROUTING: () => `${physdev(false)} ${chance.pick(['', '-j DROP', '-j CT --notrack'])} -s ${ip(3)}`,
    }),
    table('mangle', { PREROUTING: mangle(false), FORWARD: mangle(true), POSTROUTING: mangle(true) }),
    table('filter', {
      INPUT: filter('INPUT', '-i', false),
      FORWARD: filter('FORWARD', chance.pick(['-i', '-o']), true),
    }),
  ];
  if (family === 4 && chance.is(0.6)) {
    const to = () => chance.pick([address(2), address(4), '10.0.0.254', '10.9.0.7', '10.8.0.1']);
    text.push(
      table('nat', {
        PREROUTING: () =>
          `${physdev(false)} -d ${address(chance.pick([3, 4]))} -p udp -j DNAT --to-destination ${to()}`,
        POSTROUTING: () =>
          `${physdev(true)} -s ${address(1)} -p udp -j ${chance.pick(['SNAT --to-source 10.0.0.77', 'MASQUERADE'])}`,
      }),
    );
  }
  return text.join('');
}

// ── Frames ──────────────────────────────────────────────────────────────────────────────────────────────────────

function randomStep(chance: Chance): Step {
  const from = chance.pick(STATIONS);
  const to = chance.pick(STATIONS);
  const isV6 = chance.is(0.25);
  const destination = chance.weighted([
    [8, { mac: macOf(to), v4: address(to), v6: address6(to) }],
    [2, { mac: MAC, v4: '10.0.0.254', v6: 'fd00::254' }],
    [1, { mac: MAC, v4: address(to), v6: address6(to) }],
    [1, { mac: 'ff:ff:ff:ff:ff:ff', v4: '10.0.0.255', v6: 'ff02::1' }],
    [1, { mac: '01:00:5e:01:02:03', v4: '239.1.2.3', v6: 'ff05::7' }],
  ]);
  const payload = build.data(new Uint8Array(chance.pick([4, 20, 60, 1400])).fill(0xa5));
  const ports = { srcPort: chance.pick([1000, 2000]), dstPort: chance.pick([53, 80]) };
  const transport = chance.weighted([
    [5, [build.udp(ports), payload]],
    [3, [build.tcp({ ...ports, flags: chance.pick([0x02, 0x10, 0x18]) })]],
    [
      2,
      isV6
        ? [build.icmpv6({ type: 128, id: 1, sequence: 1 }), payload]
        : [build.icmp({ type: 8, id: 1, sequence: 1 }), payload],
    ],
  ]);
  const ip = isV6
    ? build.ipv6({ src: address6(from), dst: destination.v6 })
    : build.ipv4({
        src: address(from),
        dst: destination.v4,
        id: chance.below(100),
        flags: chance.is(0.2) ? 2 : 0,
        ...fragment(chance),
      });
  const ether = build.ethernet({ dst: destination.mac, src: macOf(from) });
  const tag = chance.weighted([
    [8, []],
    [2, [build.vlan({ vid: 7 })]],
    [0.5, [build.vlan({ vid: 7 }), build.vlan({ vid: 8 })]],
  ]);
  let bytes = build.frame(ether, ...tag, ip, ...transport);
  if (tag.length === 0 && chance.is(0.08)) bytes = inPppoe(bytes, isV6);
  if (chance.is(0.1)) bytes = build.padded(bytes);
  if (chance.is(0.06)) bytes[14 + chance.below(30)]! ^= 1 << chance.below(8);
  if (chance.is(0.03)) bytes = bytes.slice(0, 15 + chance.below(bytes.length - 15));
  return { port: PORTS[Math.min(from, 4) - 1]!, frame: bytesToHex(bytes) };
}

function fragment(chance: Chance): object {
  if (!chance.is(0.1)) return {};
  return chance.pick([{ flags: 1 }, { flags: 0, fragOffset: 24 }, { flags: 1, fragOffset: 8 }]);
}

/** In a session of PPPoE (RFC 2516): code 0, session 1, and PPP's protocol. */
function inPppoe(frame: Uint8Array, isV6: boolean): Uint8Array {
  const length = frame.length - 14 + 2;
  const header = [0x88, 0x64, 0x11, 0, 0, 1, length >>> 8, length & 0xff, 0, isV6 ? 0x57 : 0x21];
  return Uint8Array.from([...frame.subarray(0, 12), ...header, ...frame.subarray(14)]);
}

// ── Sluice ──────────────────────────────────────────────────────────────────────────────────────────────────────

export function askFiltered({
  name,
  switch: settings,
  steps,
  rules,
  sysctl,
  hasVlan,
}: FilterCase): BridgeAnswer {
  const clock = new VirtualClock(START_US);
  const rng = new SeededRng(1);
  let sent: [string, string][] = [];
  const waiting: (() => void)[] = [];
  const gateway = new Gateway(
    parseHostConfig({
      interfaces: {
        [SELF]: { mac: MAC, addresses: ['10.0.0.254/24'] },
        ...(hasVlan ? { [`${SELF}.7`]: { type: 'vlan id 7', link: SELF } } : {}),
      },
      neighbours: STATIONS.map((n) => ({ dev: SELF, ip: address(n), mac: macOf(n) })),
      routes: [{ to: '10.9.0.0/24', via: address(1), dev: SELF }],
      sysctl: { ...sysctl, 'net.ipv6.conf.all.disable_ipv6': 1 },
    }),
    {
      clock,
      rng,
      log: { wanted: false, line: () => {} },
      sink: {
        frame: (_device, bytes, start, end) => {
          const frame = bytes.slice(start, end);
          waiting.push(() => bridge.receive(bridge.self!.index, inRoom(frame)));
        },
      },
    },
  );
  const device = gateway.host.devices.named(SELF)!;
  const bridge = new LearningSwitch(parseLearning(settings, 'switch', SELF), {
    clock,
    rng,
    sink: {
      frame: (port, bytes, start, end) => {
        const frame = bytes.slice(start, end);
        sent.push([port.name, shorten(bytesToHex(frame))]);
        if (port !== bridge.self) return;
        const state = filter.takeHanded();
        waiting.push(() => {
          const pkt = inRoom(frame);
          if (state !== null) keepState(pkt, state);
          gateway.host.receive(device, pkt);
        });
      },
    },
  });
  const filter = new BridgeNetfilter({
    host: gateway.host,
    device,
    ports: bridge.ports,
    calls: bridge.config.calls,
    transmit: (port, frame) => bridge.transmit(port, frame),
    resume: (port, pkt) => bridge.resume(port, pkt),
  });
  bridge.filter = filter;
  for (const family of [4, 6] as const) gateway.load(parseRestore(rules[family], { family, file: name }));
  const out = steps.map((step) => {
    sent = [];
    if ('wait' in step) clock.advanceTo(clock.now + step.wait * 1e6);
    else if ('frame' in step) {
      bridge.receive(bridge.portNamed(step.port)!.index, inRoom(hexToBytes(step.frame)));
    }
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
    return sent;
  });
  const told = ([4, 6] as const)
    .map((family) => printSave(gateway.netfilter.ruleset(family)!, { counters: true }))
    .join('');
  const fdb = bridge.table().filter(({ kind }) => kind === 'learned');
  return { name, out, fdb: fdb.map(({ mac, vlan, port }) => `${mac} ${vlan} ${port}`).sort(), told };
}

function inRoom(frame: Uint8Array): PacketBuffer {
  const memory = new Uint8Array(HEAD_ROOM + frame.length);
  memory.set(frame, HEAD_ROOM);
  return new PacketBuffer(memory, HEAD_ROOM);
}
