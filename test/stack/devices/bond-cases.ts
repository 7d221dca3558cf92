/** Bonds and frames at random, from a seed: every mode and hash, every kind of packet that a hash looks into. */
import { fileURLToPath } from 'node:url';
import { SeededRng } from '../../../src/base/rng.ts';
import { BOND_MODES } from '../../../src/stack/devices/bond.ts';
import { HASH_POLICIES } from '../../../src/stack/devices/bond-hash.ts';
import * as build from '../../../src/wire/build.ts';
import { bytesToHex } from '../../../src/wire/bytes.ts';
import { FLAG_MF } from '../../../src/wire/ipv4.ts';
import { memberMac, type BondCase, type BondStep } from './bond-case.ts';

/** Answers of Debian's kernel, which has bonding as a module (test/vswitch/kernel/record.ts). */
export const BOND_ANSWERS = fileURLToPath(new URL('./bond-answers.jsonl', import.meta.url));

const FRAMES = 60;
const EXTENSION_HOP_BY_HOP = 0;
const EXTENSION_DESTINATION = 60;
/** Echo request and reply, timestamp, unreachable, time exceeded; of ICMPv6 likewise, but a solicitation last. */
const ICMP_TYPES = [8, 0, 13, 3, 11];
const ICMPV6_TYPES = [128, 129, 1, 3, 135];
/** IGMP, GRE, ESP, AH, OSPF. */
const ODD_PROTOCOLS = [2, 2, 47, 50, 51, 89];

export function randomBond(seed: number): BondCase {
  const rng = new SeededRng(5000 + seed);
  const chance = (percent: number) => rng.below(100) < percent;
  const oneOf = <T>(values: readonly T[]): T => values[rng.below(values.length)]!;
  const mode = BOND_MODES[seed % BOND_MODES.length]!;
  const members = Array.from({ length: 1 + rng.below(4) }, (_, i) => `s${i + 1}`);
  const words = [
    `mode ${mode}`,
    ...(mode === 'balance-xor'
      ? [`xmit_hash_policy ${HASH_POLICIES[(seed >> 2) % HASH_POLICIES.length]!}`]
      : []),
  ].join(' ');
  const primary = mode === 'active-backup' && chance(40) ? { primary: oneOf(members) } : {};

  const mac = () => `02:00:00:00:0${rng.below(3)}:${rng.below(256).toString(16).padStart(2, '0')}`;
  const port = () => rng.below(65536);
  const bytes = (length: number) => build.data(Uint8Array.from({ length }, () => rng.below(256)));
  const transport = (): build.Layer =>
    oneOf([
      () => build.udp({ srcPort: port(), dstPort: port() }),
      () => build.tcp({ srcPort: port(), dstPort: port() }),
      () => build.udplite({ srcPort: port(), dstPort: port() }),
      () => build.sctp({ srcPort: port(), dstPort: port(), chunks: [] }),
    ])();
  const ip4 = () => `10.0.${rng.below(3)}.${rng.below(256)}`;
  const ip6 = () => `fd00:${rng.below(9)}::${rng.below(0x10000).toString(16)}`;
  const packet4 = (): build.Layer[] => {
    const more = chance(15) ? { options: Uint8Array.of(1, 1, 1, 0) } : {};
    const cut = chance(20) ? oneOf([{ flags: FLAG_MF }, { fragOffset: 8 * (1 + rng.below(20)) }]) : {};
    const head = { src: ip4(), dst: ip4(), ...more, ...cut };
    return oneOf([
      () => [build.ipv4(head), transport(), bytes(rng.below(30))],
      () => [build.ipv4(head), transport(), bytes(rng.below(30))],
      () => [
        build.ipv4(head),
        build.icmp({ type: oneOf(ICMP_TYPES), rest: rng.u32() }),
        bytes(rng.below(16)),
      ],
      () => [
        build.ipv4(head),
        build.icmp({ type: oneOf(ICMP_TYPES), rest: rng.u32() }),
        build.ipv4({ src: ip4(), dst: ip4() }),
        build.udp({ srcPort: port(), dstPort: port() }),
      ],
      () => [build.ipv4({ ...head, protocol: oneOf(ODD_PROTOCOLS) }), bytes(rng.below(20))],
      () => [build.ipv4({ ...head, protocol: 6 }), bytes(rng.below(8))],
    ])();
  };
  const packet6 = (): build.Layer[] => {
    const head = build.ipv6({ src: ip6(), dst: ip6() });
    const filler = Uint8Array.of(1, 4, 0, 0, 0, 0);
    const extensions = [EXTENSION_HOP_BY_HOP, EXTENSION_DESTINATION]
      .filter(() => chance(15))
      .map((kind) => build.extension(kind, filler));
    return oneOf([
      () => [head, ...extensions, transport(), bytes(rng.below(30))],
      () => [head, ...extensions, transport(), bytes(rng.below(30))],
      () => [head, build.icmpv6({ type: oneOf(ICMPV6_TYPES), rest: rng.u32() }), bytes(rng.below(16))],
      () => [
        head,
        build.icmpv6({ type: oneOf(ICMPV6_TYPES), rest: rng.u32() }),
        build.ipv6({ src: ip6(), dst: ip6() }),
        build.udp({ srcPort: port(), dstPort: port() }),
      ],
    ])();
  };
  const frame = (src: string): string => {
    const dst = chance(10)
      ? oneOf(['ff:ff:ff:ff:ff:ff', '01:00:5e:01:02:03', '01:80:c2:00:00:0e', memberMac(oneOf(members))])
      : mac();
    const layers = oneOf([
      packet4,
      packet4,
      packet4,
      packet6,
      packet6,
      () => [build.arp({ senderMac: src, senderIp: ip4(), targetIp: ip4() })],
      () => [bytes(46)],
    ])();
    const whole = bytesToHex(build.frame(build.ethernet({ dst, src }), ...layers));
    return layers.length === 1 && whole.length === 2 * 60 && chance(50)
      ? `${whole.slice(0, 24)}88b5${whole.slice(28)}`
      : whole;
  };
  const steps = Array.from({ length: FRAMES }, (): BondStep => {
    if (chance(7)) return { link: oneOf(members), up: chance(60) };
    if (chance(20)) return { at: oneOf(members), frame: frame(mac()) };
    // What a tag stands before the device of its VLAN puts there.
    return { by: chance(15) ? 'bond0.5' : 'bond0', frame: frame(memberMac('s1')) };
  });
  return { name: `bond ${seed}: ${words}`, words, ...primary, members, addresses: [], steps };
}

const PROBE: BondStep = {
  by: 'bond0',
  frame: bytesToHex(
    build.frame(
      build.ethernet({ dst: '02:00:00:00:00:01', src: memberMac('s1') }),
      build.ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
      build.udp({ srcPort: 1, dstPort: 2 }),
    ),
  ),
};

const NAMED: readonly BondCase[] = [
  {
    name: 'the member that takes over is announced',
    words: 'mode active-backup',
    members: ['s1', 's2', 's3'],
    addresses: ['10.0.0.1/24', '10.0.1.1/24'],
    steps: [
      PROBE,
      { link: 's1', up: false },
      PROBE,
      { link: 's1', up: true },
      PROBE,
      { link: 's2', up: false },
      PROBE,
    ],
  },
  {
    name: 'the primary takes over again as soon as it can',
    words: 'mode active-backup',
    primary: 's2',
    members: ['s1', 's2'],
    addresses: ['10.0.0.1/24'],
    steps: [PROBE, { link: 's2', up: false }, PROBE, { link: 's2', up: true }, PROBE],
  },
  {
    name: 'nothing is announced where all members send',
    words: 'mode balance-rr',
    members: ['s1', 's2'],
    addresses: ['10.0.0.1/24'],
    steps: [PROBE, { link: 's1', up: false }, PROBE, PROBE],
  },
  {
    name: 'a member that comes back after all were gone is announced',
    words: 'mode active-backup',
    members: ['s1', 's2'],
    addresses: ['10.0.0.1/24'],
    steps: [
      { link: 's2', up: false },
      { link: 's1', up: false },
      PROBE,
      { link: 's2', up: true },
      PROBE,
      { link: 's1', up: true },
      PROBE,
    ],
  },
  {
    name: 'addresses of both families are announced',
    words: 'mode active-backup',
    members: ['s1', 's2'],
    addresses: ['10.0.0.1/24', 'fd00::1/64', 'fd00::2/64'],
    steps: [PROBE, { link: 's1', up: false }, PROBE],
  },
];

export const BOND_CASES: readonly BondCase[] = [
  ...NAMED,
  ...Array.from({ length: 32 }, (_, i) => randomBond(i + 1)),
];
