/**
 * From what the user gave to a gateway and a driver: which way in it is, what is assumed where nothing was said, and
 * what is told about that. Nothing is run here; every mistake ends in a SluiceError before the first frame.
 */
import { SeededRng } from '../base/rng.ts';
import { VirtualClock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { CtStatus } from '../netfilter/conntrack/ct-info.ts';
import type { Family } from '../netfilter/hook.ts';
import type { Ruleset } from '../netfilter/rule.ts';
import { parseRestore } from '../netfilter/syntax/restore.ts';
import { parseHostConfig, type HostConfig } from '../stack/config.ts';
import type { Device, FrameSink } from '../stack/device.ts';
import { Gateway } from '../stack/gateway.ts';
import {
  assumedGateway,
  assumedHost,
  completeNames,
  namesFromRules,
  type InterfaceNames,
} from './assumed-gateway.ts';
import { ClosedLoop } from './closed-loop.ts';
import { CapturedPacket } from './drivers/captured-packet.ts';
import type { Driver } from './drivers/driver.ts';
import { ExactDriver } from './drivers/exact.ts';
import { OnHostDriver } from './drivers/on-host.ts';
import { OwnAnswers } from './drivers/own-answers.ts';
import { TwoSidedDriver } from './drivers/two-sided.ts';
import { lookForMac } from './host-finder.ts';
import type { ReplayNote, ReplayOptions, SourceText } from './options.ts';
import type { Recorder } from './recorder.ts';
import { lookForInside } from './side-finder.ts';

export type Way = 'exact' | 'two-sided' | 'on-host';

export interface Setup {
  readonly way: Way;
  readonly clock: VirtualClock;
  readonly gateway: Gateway;
  readonly driver: Driver;
  readonly rulesets: readonly Ruleset[];
  readonly notes: ReplayNote[];
}

const DEFAULT_SEED = 1;

/** The gateway is set up at `startUs`, the time of the first frame: rules with a memory count from there. */
export function setUp(options: ReplayOptions, recorder: Recorder, startUs: number): Setup {
  const way = wayOf(options);
  const rulesets = parseRules(options);
  const notes: ReplayNote[] = [];
  const plan = planGateway(way, options, rulesets, notes);
  const clock = new VirtualClock(startUs);
  const answers = new OwnAnswers(recorder);
  const gateway = makeGateway(way, options, plan, clock, recorder, way === 'on-host' ? answers : recorder);
  for (const ruleset of rulesets) gateway.load(ruleset);
  recorder.attach(gateway);
  noteHelpers(rulesets, notes);
  return { way, clock, gateway, driver: makeDriver(way, options, plan, gateway, answers), rulesets, notes };
}

function wayOf(options: ReplayOptions): Way {
  const { inputs, host } = options;
  if (inputs.length === 0) throw new SluiceError('USAGE', 'no capture given');
  const named = inputs.filter(({ iface }) => iface !== null).length;
  if (named !== 0 && named !== inputs.length) {
    throw new SluiceError('USAGE', 'either every capture has an interface (--in IFACE=CAPTURE) or none has');
  }
  if (host !== undefined && host.length > 0) {
    if (named !== 0) throw new SluiceError('USAGE', '--host and --in exclude each other');
    return 'on-host';
  }
  return named === 0 ? 'two-sided' : 'exact';
}

function parseRules({ rules, rules6 }: ReplayOptions): Ruleset[] {
  const parse = (source: SourceText, family: 4 | 6) =>
    parseRestore(source.text, { family, file: source.file });
  return [
    ...(rules === undefined ? [] : [parse(rules, 4)]),
    ...(rules6 === undefined ? [] : [parse(rules6, 6)]),
  ];
}

/** The gateway file's object, and the names that an assumed one uses. */
interface GatewayPlan {
  readonly object: unknown;
  readonly file: string | undefined;
  readonly names: InterfaceNames;
}

function planGateway(
  way: Way,
  options: ReplayOptions,
  rulesets: readonly Ruleset[],
  notes: ReplayNote[],
): GatewayPlan {
  const fromRules = namesFromRules(rulesets);
  const names = completeNames({
    ...fromRules,
    ...(options.insideInterface === undefined ? {} : { inside: options.insideInterface }),
    ...(options.outsideInterface === undefined ? {} : { outside: options.outsideInterface }),
  });
  if (names.inside === names.outside) {
    throw new SluiceError('USAGE', `the inside and the outside interface are both called ${names.inside}`);
  }
  if (options.gateway !== undefined) {
    return { object: options.gateway.value, file: options.gateway.file, names };
  }
  switch (way) {
    case 'on-host': {
      const iface =
        options.outsideInterface ??
        options.insideInterface ??
        fromRules.outside ??
        fromRules.inside ??
        names.inside;
      notes.push({ text: `host: ${options.host!.join(', ')} on ${iface}` });
      return {
        object: assumedHost(iface, options.host!, findMac(options)),
        file: undefined,
        names: { inside: iface, outside: iface },
      };
    }
    case 'exact': {
      throw new SluiceError(
        'USAGE',
        'captures on named interfaces (--in) need a description of the gateway (--gateway FILE)',
      );
    }
    case 'two-sided': {
      const inside = options.inside ?? findInside(options);
      notes.push({
        text:
          `sides: ${names.inside} inside with ${summarise(inside)}, ${names.outside} outside with everything else` +
          (options.inside === undefined ? ' (found by looking; --inside CIDR says otherwise)' : ''),
      });
      return { object: assumedGateway(names, inside), file: undefined, names };
    }
  }
}

function findMac({ inputs, host }: ReplayOptions): string | undefined {
  for (const { path } of inputs) {
    const mac = path === '-' ? undefined : lookForMac(path, host!);
    if (mac !== undefined) return mac;
  }
  return undefined;
}

function findInside(options: ReplayOptions): string[] {
  const found = new Set<string>();
  for (const { path } of options.inputs) {
    if (path === '-') {
      throw new SluiceError(
        'USAGE',
        'a capture from standard input can be read only once: say what is inside with --inside CIDR',
      );
    }
    for (const address of lookForInside(path)) found.add(address);
  }
  return [...found];
}

function summarise(networks: readonly string[]): string {
  const plain = networks.map((network) => network.replace(/\/(32|128)$/, ''));
  if (plain.length === 0) return 'nothing';
  return plain.length <= 4
    ? plain.join(', ')
    : `${plain.slice(0, 3).join(', ')} and ${plain.length - 3} more`;
}

function makeGateway(
  way: Way,
  options: ReplayOptions,
  plan: GatewayPlan,
  clock: VirtualClock,
  recorder: Recorder,
  sink: FrameSink,
): Gateway {
  try {
    const gateway: Gateway = new Gateway(withReplayDefaults(parseHostConfig(plan.object)), {
      clock,
      rng: new SeededRng(options.seed ?? DEFAULT_SEED),
      log: recorder,
      sink,
      passive: way === 'on-host',
      // What was redirected to the gateway finds its service: the answer is in the capture.
      hasSocket: (pkt) =>
        way === 'two-sided' && pkt.ct > 0 && (gateway.conntrack.status[pkt.ct]! & CtStatus.DST_NAT) !== 0,
      ...(options.engine === undefined ? {} : { engine: options.engine }),
    });
    return gateway;
  } catch (error) {
    if (!(error instanceof SluiceError) || plan.file === undefined) throw error;
    throw new SluiceError(error.code, error.message, { ...error.place, file: error.place.file ?? plan.file });
  }
}

/**
 * Limits on ICMP errors are off unless the gateway file sets them: whether a packet is answered would else depend on how
 * close together the capture has its packets, not on the rules. With the sysctls set they act as Linux's do.
 */
const REPLAY_SYSCTLS: readonly (readonly [name: string, value: number])[] = [
  ['net.ipv4.icmp_ratelimit', 0],
  ['net.ipv4.icmp_msgs_per_sec', 1_000_000],
  ['net.ipv4.icmp_msgs_burst', 1_000_000],
  ['net.ipv6.icmp.ratelimit', 0],
];

function withReplayDefaults(config: HostConfig): HostConfig {
  return { ...config, sysctl: new Map([...REPLAY_SYSCTLS, ...config.sysctl]) };
}

function makeDriver(
  way: Way,
  options: ReplayOptions,
  plan: GatewayPlan,
  gateway: Gateway,
  answers: OwnAnswers,
): Driver {
  const { host } = gateway;
  if (way === 'exact') {
    const devices = options.inputs.map(({ iface }) => deviceNamed(gateway, iface!));
    return new ExactDriver(host, devices);
  }
  const packet = new CapturedPacket((options.checksums ?? 'repair') === 'repair');
  const loop = closesLoop(options, gateway) ? new ClosedLoop(gateway.conntrack, gateway.sequences) : null;
  if (way === 'two-sided')
    return new TwoSidedDriver(host, packet, loop, deviceFor(gateway, plan.names.outside));
  return new OnHostDriver(host, packet, loop, deviceFor(gateway, plan.names.inside), answers);
}

/** Without a nat table nothing is translated, and there is no loop to close. */
function closesLoop({ closedLoop }: ReplayOptions, { netfilter }: Gateway): boolean {
  const translates = (family: Family) => netfilter.ruleset(family)?.tables.has('nat') === true;
  return (closedLoop ?? true) && (translates(4) || translates(6));
}

function deviceNamed(gateway: Gateway, name: string): Device {
  const device = gateway.host.devices.named(name);
  if (device !== undefined && !device.isLoopback) return device;
  const known = [...gateway.host.devices.all()]
    .filter(({ isLoopback }) => !isLoopback)
    .map((one) => one.name);
  throw new SluiceError(
    'USAGE',
    `no interface "${name}" in the gateway file; it has ${known.join(', ') || 'none'}`,
  );
}

/** The interface of that name, else the last one: where a gateway file describes the gateway, its last is the way out. */
function deviceFor(gateway: Gateway, name: string): Device {
  const all = [...gateway.host.devices.all()].filter(({ isLoopback }) => !isLoopback);
  const device = gateway.host.devices.named(name) ?? all.at(-1);
  if (device === undefined) throw new SluiceError('GATEWAY', 'interfaces: the gateway has none');
  return device;
}

/** `-j CT --helper` attaches a name; the helpers themselves are not there yet, and that must not pass in silence. */
function noteHelpers(rulesets: readonly Ruleset[], notes: ReplayNote[]): void {
  for (const { tables } of rulesets) {
    for (const { rules } of tables.get('raw')?.chains.values() ?? []) {
      for (const { target, place } of rules) {
        if (target.kind !== 'extension' || target.info['helper'] === undefined) continue;
        const name = String(target.info['helper'].value);
        notes.push({
          text: `helper ${name}: not there yet, no data connections are expected`,
          place: place ?? undefined,
        });
      }
    }
  }
}
