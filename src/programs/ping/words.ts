/** ping's command line (ping(8), iputils 20221126), as far as it goes here; the rest is refused by name. */
import { parseAddress, type IpAddress } from '../../stack/address.ts';
import type { Family } from '../../netfilter/hook.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import type { MtuDiscovery } from '../../stack/raw.ts';

export interface PingOptions {
  readonly target: string;
  readonly address: IpAddress;
  /** Infinity without -c. */
  readonly count: number;
  readonly intervalUs: number;
  readonly size: number;
  /** 0: the host's. */
  readonly ttl: number;
  readonly tos: number;
  readonly mark: number;
  readonly discovery: MtuDiscovery;
  /** How long it waits for answers when none came yet. */
  readonly lingerUs: number;
  readonly deadlineUs: number;
  readonly pattern: Uint8Array | undefined;
  readonly source: IpAddress | undefined;
  readonly device: Device | undefined;
  readonly isQuiet: boolean;
  readonly hasTimes: boolean;
  readonly tellsMissing: boolean;
  readonly mayBroadcast: boolean;
}

export class PingMistake extends Error {
  readonly status: number;
  /** There was no way: nothing is wrong with the words. */
  readonly isResult: boolean;

  constructor(message: string, status: number, isResult = false) {
    super(message);
    this.name = 'PingMistake';
    this.status = status;
    this.isResult = isResult;
  }
}

const US_PER_SECOND = 1_000_000;
const DEFAULT_SIZE = 56;
const LINGER_SECONDS = 10;
const LARGEST_SIZE = 127_992;
const MAX_COUNT = Number.MAX_SAFE_INTEGER;
/** Iputils' own text has the largest long. */
const MAX_COUNT_TEXT = '9223372036854775807';
const WITH_VALUE = 'cisWtwpIMQmlSTF';
const FLAGS = '46nqvDObUaBdhVL';

/** Whom to ping, and by which family where that is said. */
export function pingTarget(args: readonly string[]): { name: string; family: Family | undefined } {
  const { flags, rest } = split(args);
  const [target, ...more] = rest;
  if (target === undefined) throw new PingMistake('ping: usage error: Destination address required', 1);
  if (more.length > 0) throw new PingMistake(`ping: ${more[0]}: Source routes are not sent here`, 2);
  return { name: target.split('%')[0]!, family: flags.has('4') ? 4 : flags.has('6') ? 6 : undefined };
}

/** @param address - what the target's name means */
export function readPing(host: Host, args: readonly string[], address: IpAddress): PingOptions {
  const { values, flags, rest } = split(args);
  const target = rest[0]!;
  const [, zone] = target.split('%');
  const count = values.has('c') ? whole(values.get('c')!, 1, MAX_COUNT, MAX_COUNT_TEXT) : Infinity;
  const { source, device } = bound(host, values.get('I'));
  return {
    target,
    address,
    count,
    intervalUs: seconds(values.get('i') ?? '1', 'interval'),
    size: whole(values.get('s') ?? String(DEFAULT_SIZE), 0, LARGEST_SIZE),
    ttl: values.has('t') ? whole(values.get('t')!, 0, 255) : 0,
    tos: values.has('Q') ? Number(values.get('Q')) & 255 : 0,
    mark: values.has('m') ? Number(values.get('m')) | 0 : 0,
    discovery: discoveryOf(values.get('M')),
    lingerUs: values.has('W') ? seconds(values.get('W')!, 'linger time') : LINGER_SECONDS * US_PER_SECOND,
    deadlineUs: values.has('w') ? seconds(values.get('w')!, 'deadline') : Infinity,
    pattern: values.has('p') ? patternOf(values.get('p')!) : undefined,
    source,
    device: device ?? (zone === undefined ? undefined : deviceNamed(host, zone)),
    isQuiet: flags.has('q'),
    hasTimes: flags.has('D'),
    tellsMissing: flags.has('O'),
    mayBroadcast: flags.has('b'),
  };
}

function split(args: readonly string[]): { values: Map<string, string>; flags: Set<string>; rest: string[] } {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      if (WITH_VALUE.includes(letter)) {
        const value = at + 1 < word.length ? word.slice(at + 1) : args[++i];
        if (value === undefined) throw new PingMistake(`ping: option requires an argument -- '${letter}'`, 2);
        values.set(letter, value);
        break;
      }
      if (!FLAGS.includes(letter)) throw new PingMistake(`ping: there is no -${letter} here`, 2);
      flags.add(letter);
    }
  }
  for (const letter of 'lSTF') {
    if (values.has(letter)) throw new PingMistake(`ping: there is no -${letter} here`, 2);
  }
  return { values, flags, rest };
}

function whole(text: string, min: number, max: number, maxText = String(max)): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value)) throw new PingMistake(`ping: invalid argument: '${text}'`, 1);
  if (value < min || value > max) {
    throw new PingMistake(
      `ping: invalid argument: '${text}': out of range: ${min} <= value <= ${maxText}`,
      1,
    );
  }
  return value;
}

function seconds(text: string, what: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new PingMistake(`ping: bad ${what}: ${text}`, 1);
  return value * US_PER_SECOND;
}

function discoveryOf(text: string | undefined): MtuDiscovery {
  if (text === undefined || text === 'want') return 'want';
  if (text === 'do' || text === 'dont') return text;
  throw new PingMistake(`ping: invalid -M argument: ${text}`, 1);
}

function patternOf(text: string): Uint8Array {
  if (!/^[0-9a-f]{1,32}$/i.test(text))
    throw new PingMistake('ping: patterns must be specified as hex digits', 2);
  const even = text.length % 2 === 0 ? text : `${text.slice(0, -1)}0${text.at(-1)}`;
  return Uint8Array.from({ length: even.length / 2 }, (_, i) =>
    Number.parseInt(even.slice(2 * i, 2 * i + 2), 16),
  );
}

/** -I takes an address of the host's, or a device. */
function bound(host: Host, text: string | undefined): { source?: IpAddress; device?: Device } {
  if (text === undefined) return {};
  const source = parseAddress(text);
  if (source === undefined) return { device: deviceNamed(host, text) };
  const [w0, w1, w2, w3] = source.words;
  if (host.addresses.find(source.family, w0!, w1!, w2!, w3!) === undefined) {
    throw new PingMistake('ping: bind: Cannot assign requested address', 2);
  }
  return { source };
}

function deviceNamed(host: Host, name: string): Device {
  const device = host.devices.named(name);
  if (device === undefined) throw new PingMistake(`ping: SO_BINDTODEVICE ${name}: No such device`, 2);
  return device;
}
