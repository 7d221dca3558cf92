/** A plan made into a gateway, its clock and a driver. Mistakes in a gateway file that show only now name the file. */
import { SeededRng } from '../base/rng.ts';
import { VirtualClock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { installHelpers, parseHelperSettings, type FlowTable } from '../alg/index.ts';
import { CtStatus } from '../netfilter/conntrack/ct-info.ts';
import type { Family } from '../netfilter/hook.ts';
import { makeObjects } from '../netfilter/object-settings.ts';
import { parseHostConfig, type HostConfig } from '../stack/config.ts';
import type { Device } from '../stack/device.ts';
import { Gateway } from '../stack/gateway.ts';
import { ClosedLoop } from './closed-loop.ts';
import { CapturedPacket } from './drivers/captured-packet.ts';
import type { Driver } from './drivers/driver.ts';
import { ExactDriver } from './drivers/exact.ts';
import { OnHostDriver } from './drivers/on-host.ts';
import { OwnAnswers } from './drivers/own-answers.ts';
import { TwoSidedDriver } from './drivers/two-sided.ts';
import type { ReplayNote, ReplayOptions } from './options.ts';
import type { Plan, Way } from './plan.ts';
import type { Recorder } from './recorder.ts';

export interface Setup {
  readonly clock: VirtualClock;
  readonly gateway: Gateway;
  /** What the helpers see of control connections. */
  readonly flows: FlowTable;
  readonly driver: Driver;
  readonly notes: readonly ReplayNote[];
}

const DEFAULT_SEED = 1;

/** The gateway is set up at `startUs`, the time of the first frame: rules with a memory count from there. */
export function setUp(options: ReplayOptions, plan: Plan, recorder: Recorder, startUs: number): Setup {
  const clock = new VirtualClock(startUs);
  const answers = new OwnAnswers(recorder);
  const { gateway, flows } = makeGateway(options, plan, clock, recorder, answers);
  for (const ruleset of plan.rulesets) gateway.load(ruleset);
  recorder.attach(gateway);
  return { clock, gateway, flows, driver: makeDriver(options, plan, gateway, answers), notes: plan.notes };
}

function makeGateway(
  options: ReplayOptions,
  { way, gateway: { object, file } }: Plan,
  clock: VirtualClock,
  recorder: Recorder,
  answers: OwnAnswers,
): Pick<Setup, 'gateway' | 'flows'> {
  try {
    const rng = new SeededRng(options.seed ?? DEFAULT_SEED);
    const gateway: Gateway = new Gateway(withReplayDefaults(parseHostConfig(object), way), {
      clock,
      rng,
      log: recorder,
      sink: way === 'on-host' ? answers : recorder,
      passive: way === 'on-host',
      // What was redirected to the gateway finds its service: the answer is in the capture.
      hasSocket: (pkt) =>
        way === 'two-sided' && pkt.ct > 0 && (gateway.conntrack.status[pkt.ct]! & CtStatus.DST_NAT) !== 0,
      ...(options.engine === undefined ? {} : { engine: options.engine }),
    });
    makeObjects(object, options.ipset, gateway.objects, new SeededRng(options.seed ?? DEFAULT_SEED));
    const { conntrack, nat, sequences, host: networks } = gateway;
    const flows = installHelpers(
      { clock, rng, log: recorder, conntrack, nat, sequences, networks },
      parseHelperSettings(object, options.helpers),
    );
    return { gateway, flows };
  } catch (error) {
    if (!(error instanceof SluiceError) || file === undefined) throw error;
    throw new SluiceError(error.code, error.message, { ...error.place, file: error.place.file ?? file });
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

/** Where no ARP or ND is replayed, next hops that the file does not name are taken to exist as well. */
function withReplayDefaults(config: HostConfig, way: Way): HostConfig {
  return {
    ...config,
    sysctl: new Map([...REPLAY_SYSCTLS, ...config.sysctl]),
    assumeNeighbours: config.assumeNeighbours || way !== 'exact',
  };
}

function makeDriver(
  options: ReplayOptions,
  { way, gateway: { names } }: Plan,
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
  if (way === 'two-sided') return new TwoSidedDriver(host, packet, loop, deviceFor(gateway, names.outside));
  return new OnHostDriver(host, packet, loop, deviceFor(gateway, names.inside), answers);
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
