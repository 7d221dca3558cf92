/** Groups, members and queriers at random, for the snooping of the learning switch beside the kernel's. */
import { SeededRng } from '../../../src/base/rng.ts';
import * as build from '../../../src/wire/build.ts';
import { bytesToHex, hexToBytes } from '../../../src/wire/bytes.ts';
import { checksum } from '../../../src/wire/checksum.ts';
import { SELF, type BridgeCase, type Step } from './bridge-case.ts';

const GROUPS = ['239.1.1.1', '239.1.1.2', '224.0.0.251'];
const GROUPS6 = ['ff05::1:3', 'ff02::fb', 'ff02::1'];
const QUERY = 0x11;
const REPORT = 0x16;
const LEAVE = 0x17;

function groupMac(group: string): string {
  const [, b, c, d] = group.split('.').map(Number);
  return `01005e${bytesToHex(Uint8Array.of(b! & 0x7f, c!, d!))}`;
}

export function igmpFrame(from: string, source: string, type: number, code: number, group: string): string {
  const to =
    type === QUERY ? (group === '0.0.0.0' ? '224.0.0.1' : group) : type === LEAVE ? '224.0.0.2' : group;
  const message = new Uint8Array(8);
  message.set([type, code]);
  message.set(group.split('.').map(Number), 4);
  const sum = checksum(message, 0, 8, 0);
  message.set([sum >>> 8, sum & 0xff], 2);
  const frame = build.frame(
    build.ethernet({ dst: macText(groupMac(to)), src: macText(from) }),
    build.ipv4({ src: source, dst: to, ttl: 1, protocol: 2 }),
    build.data(message),
  );
  return bytesToHex(frame);
}

export function dataFrame(from: string, group: string, source = '10.0.0.9'): string {
  const frame = build.frame(
    build.ethernet({ dst: macText(groupMac(group)), src: macText(from) }),
    build.ipv4({ src: source, dst: group }),
    build.udp({ srcPort: 1, dstPort: 2 }),
    build.data(new Uint8Array(20)),
  );
  return bytesToHex(frame);
}

function groupMac6(group: string): string {
  return `3333${bytesToHex(build.ip6Bytes(group).slice(12))}`;
}

/** Queries (130) have a response time of 100 ms. */
export function mldFrame(from: string, type: number, group: string): string {
  const to = type === 130 ? (group === '::' ? 'ff02::1' : group) : type === 132 ? 'ff02::2' : group;
  const body = new Uint8Array(16);
  body.set(build.ip6Bytes(group));
  const frame = build.frame(
    build.ethernet({ dst: macText(groupMac6(to)), src: macText(from) }),
    build.ipv6({ src: 'fe80::9', dst: to, hopLimit: 1 }),
    build.extension(0, Uint8Array.of(5, 2, 0, 0, 1, 0)),
    build.icmpv6({ type, rest: type === 130 ? 100 << 16 : 0 }),
    build.data(body),
  );
  return bytesToHex(frame);
}

export function dataFrame6(from: string, group: string, source = 'fe80::8'): string {
  const frame = build.frame(
    build.ethernet({ dst: macText(groupMac6(group)), src: macText(from) }),
    build.ipv6({ src: source, dst: group }),
    build.udp({ srcPort: 1, dstPort: 2 }),
    build.data(new Uint8Array(20)),
  );
  return bytesToHex(frame);
}

function macText(hex: string): string {
  return hex.replace(/..(?=.)/g, '$&:');
}

export interface SourceRecord {
  readonly kind: number;
  readonly group: string;
  readonly sources: readonly string[];
}

const REPORT3 = 0x22;
const MLD2_REPORT = 143;

/** A report of IGMPv3: records with the sources that they name. */
export function igmp3Frame(from: string, host: string, records: readonly SourceRecord[]): string {
  const words = (text: string) => text.split('.').map(Number);
  const body = records.flatMap(({ kind, group, sources }) => [
    ...[kind, 0, 0, sources.length],
    ...words(group),
    ...sources.flatMap(words),
  ]);
  const message = Uint8Array.from([REPORT3, 0, 0, 0, 0, 0, 0, records.length, ...body]);
  const sum = checksum(message, 0, message.length, 0);
  message.set([sum >>> 8, sum & 0xff], 2);
  const frame = build.frame(
    build.ethernet({ dst: '01:00:5e:00:00:16', src: macText(from) }),
    build.ipv4({ src: host, dst: '224.0.0.22', ttl: 1, protocol: 2 }),
    build.data(message),
  );
  return bytesToHex(frame);
}

/** The same of MLDv2. */
export function mld2Frame(from: string, host: string, records: readonly SourceRecord[]): string {
  const body = records.flatMap(({ kind, group, sources }) => [
    ...[kind, 0, 0, sources.length],
    ...build.ip6Bytes(group),
    ...sources.flatMap((source) => [...build.ip6Bytes(source)]),
  ]);
  const frame = build.frame(
    build.ethernet({ dst: '33:33:00:00:00:16', src: macText(from) }),
    build.ipv6({ src: host, dst: 'ff02::16', hopLimit: 1 }),
    build.extension(0, Uint8Array.of(5, 2, 0, 0, 1, 0)),
    build.icmpv6({ type: MLD2_REPORT, rest: records.length }),
    build.data(Uint8Array.from(body)),
  );
  return bytesToHex(frame);
}

/** Members that name sources, on a switch that knows them (IGMPv3, MLDv2), or does not. */
export function randomSources(seed: number, fastLeavePercent = 25): BridgeCase {
  const rng = new SeededRng(1000 + seed);
  const chance = (percent: number) => rng.below(100) < percent;
  const oneOf = <T>(values: readonly T[]): T => values[rng.below(values.length)]!;
  const names = ['p1', 'p2', 'p3', 'p4'];
  const ports = Object.fromEntries(
    names.map((name) => [name, { fastleave: chance(fastLeavePercent), isolated: chance(10) }]),
  );
  const groups = ['239.1.1.1', '239.1.1.2'];
  const groups6 = ['ff05::1:3', 'ff05::7'];
  const n = () => 1 + rng.below(4);
  const knows = chance(75);
  const some = (make: (n: number) => string) => [1, 2, 3].filter(() => chance(45)).map(make);
  // Each has sources of its own, or they share theirs.
  const areShared = chance(60);
  const records = (isV6: boolean, station: number) =>
    Array.from({ length: chance(20) ? 2 : 1 }, () => ({
      kind: 1 + rng.below(6),
      group: oneOf(isV6 ? groups6 : groups),
      sources: some((i) =>
        isV6 ? `fd00:${areShared ? 1 : station}::${i}` : `10.0.${areShared ? 1 : station}.${i}`,
      ),
    }));
  const report = (station: number): string => {
    const from = `02000000000${station}`;
    const host = `10.0.0.1${station}`;
    return oneOf([
      () => igmp3Frame(from, host, records(false, station)),
      () => igmp3Frame(from, host, records(false, station)),
      () => mld2Frame(from, `fe80::${station}`, records(true, station)),
      () => igmpFrame(from, host, chance(50) ? LEAVE : REPORT, 0, oneOf(groups)),
      () => mldFrame(from, chance(50) ? 132 : 131, oneOf(groups6)),
    ])();
  };
  const data = (): string => {
    const [station, source] = [areShared ? 1 : n(), n()];
    return oneOf([
      () => dataFrame('020000000009', oneOf(groups), `10.0.${station}.${source}`),
      () => dataFrame6('020000000009', oneOf(groups6), `fd00:${station}::${source}`),
    ])();
  };
  // What reports change, the kernel does a tick later in part.
  const round = (): Step[] => [
    ...Array.from({ length: 2 }, () => {
      const station = n();
      return { port: names[station - 1]!, frame: report(station) };
    }),
    { wait: 0.015 },
    ...Array.from({ length: 4 }, () => ({ port: oneOf(names), frame: data() })),
  ];
  const querier = oneOf(names);
  return {
    name: `sources ${seed}`,
    switch: {
      ...{ mac: '02:00:00:00:00:fe', self: SELF, mcast_snooping: true, ports },
      ...(knows ? { mcast_igmp_version: 3, mcast_mld_version: 2 } : {}),
    },
    steps: [
      { port: querier, frame: igmpFrame('02000000000a', '10.0.0.1', QUERY, 1, '0.0.0.0') },
      { port: querier, frame: mldFrame('02000000000a', 130, '::') },
      { wait: 0.3 },
      ...Array.from({ length: 14 }, round).flat(),
    ],
  };
}

export function randomSnooping(seed: number): BridgeCase {
  const rng = new SeededRng(seed);
  const chance = (percent: number) => rng.below(100) < percent;
  const oneOf = <T>(values: readonly T[]): T => values[rng.below(values.length)]!;
  const names = ['p1', 'p2', 'p3', 'p4'];
  const ports = Object.fromEntries(
    names.map((name) => [
      name,
      {
        fastleave: chance(30),
        mcast_router: chance(70) ? 1 : oneOf([0, 2]),
        mcast_flood: !chance(15),
        isolated: chance(20),
      },
    ]),
  );
  const station = () => `02000000000${1 + rng.below(5)}`;
  const frame = (): string => {
    const whole = oneOf([
      () => igmpFrame(station(), '10.0.0.5', REPORT, 0, oneOf(GROUPS)),
      () => igmpFrame(station(), '10.0.0.5', LEAVE, 0, oneOf(GROUPS)),
      () => dataFrame(station(), oneOf([...GROUPS, '239.9.9.9'])),
      () => dataFrame(station(), oneOf(GROUPS)),
      () => mldFrame(station(), 131, oneOf(GROUPS6)),
      () => mldFrame(station(), 132, oneOf(GROUPS6)),
      () => dataFrame6(station(), oneOf([...GROUPS6, 'ff05::9'])),
    ])();
    if (!chance(6)) return whole;
    const bytes = hexToBytes(whole);
    bytes[14 + rng.below(bytes.length - 14)]! ^= 1 << rng.below(8);
    return bytesToHex(bytes);
  };
  const burst = (count: number): Step[] =>
    Array.from({ length: count }, () => ({ port: oneOf([...names, ...names, SELF]), frame: frame() }));
  const querier = oneOf(names);
  return {
    name: `snooping ${seed}`,
    switch: { mac: '02:00:00:00:00:fe', self: SELF, mcast_snooping: true, ports },
    steps: [
      ...burst(8),
      { port: querier, frame: igmpFrame('020000000009', '10.0.0.1', QUERY, 1, '0.0.0.0') },
      { port: querier, frame: mldFrame('020000000009', 130, '::') },
      ...burst(4),
      { wait: 0.3 },
      ...burst(40),
    ],
  };
}
