/** traceroute's command line (traceroute(8), version 2.1.2), as far as it goes here; the rest is refused by name. */
import { parseAddress, type IpAddress } from '../../stack/address.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import type { Method } from './probes.ts';

export interface TraceOptions {
  readonly target: string;
  readonly address: IpAddress;
  readonly method: Method;
  readonly firstTtl: number;
  readonly maxTtl: number;
  readonly queries: number;
  readonly atOnce: number;
  readonly port: number;
  /** Longest wait for an answer; and the multiples of other answers' times that it is cut to. */
  readonly waitUs: number;
  readonly here: number;
  readonly near: number;
  readonly pauseUs: number;
  readonly tos: number;
  readonly mark: number;
  readonly dontFragment: boolean;
  readonly isNumeric: boolean;
  readonly source: IpAddress | undefined;
  readonly device: Device | undefined;
  /** Bytes of the whole packet. */
  readonly length: number;
}

export class TraceMistake extends Error {
  readonly status = 2;
}

const DEFAULT_PORTS: Readonly<Record<Method, number>> = { udp: 33434, icmp: 1, tcp: 80 };
const WITH_VALUE = 'fmqNpwztis';
const FLAGS = '46nFITU';
const LONG: Readonly<Record<string, string>> = {
  first: 'f',
  'max-hops': 'm',
  queries: 'q',
  'sim-queries': 'N',
  port: 'p',
  wait: 'w',
  sendwait: 'z',
  tos: 't',
  interface: 'i',
  source: 's',
  icmp: 'I',
  tcp: 'T',
  'dont-fragment': 'F',
  fwmark: 'fwmark',
};
const MAX_TTL = 255;
const MAX_QUERIES = 10;
const MAX_LENGTH = 65000;
const US_PER_SECOND = 1_000_000;
/** IP and UDP headers with 32 bytes. */
const DEFAULT_LENGTH = { 4: 60, 6: 80 } as const;

export function readTraceroute(host: Host, args: readonly string[]): TraceOptions {
  const { values, flags, rest } = split(args);
  const [target, lengthText] = rest;
  if (target === undefined) throw new TraceMistake('Specify "host" missing argument.');
  const address = parseAddress(target);
  const isWrongFamily =
    (flags.has('4') && address?.family === 6) || (flags.has('6') && address?.family === 4);
  if (address === undefined || isWrongFamily) {
    throw new TraceMistake(
      `${target}: Temporary failure in name resolution\nCannot handle "host" cmdline arg \`${target}' on position 1 (argc ${args.length})`,
    );
  }
  const method: Method = flags.has('I') ? 'icmp' : flags.has('T') ? 'tcp' : 'udp';
  const number = (letter: string, fallback: number, max: number, what: string, min = 1) => {
    const text = values.get(letter);
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isInteger(value) || value < min) throw new TraceMistake(`${what} out of range`);
    if (value > max) throw new TraceMistake(`${what} cannot be more than ${max}`);
    return value;
  };
  const maxTtl = number('m', 30, MAX_TTL, 'max hops');
  const firstTtl = number('f', 1, maxTtl, 'first hop');
  const [wait = 5, here = 3, near = 10] = (values.get('w') ?? '')
    .split(',')
    .filter((text) => text !== '')
    .map(Number);
  const pause = Number(values.get('z') ?? 0);
  const length = lengthText === undefined ? DEFAULT_LENGTH[address.family] : Number(lengthText);
  if (!(length >= 0 && length <= MAX_LENGTH))
    throw new TraceMistake(`too big packetlen ${lengthText} specified`);
  return {
    target,
    address,
    method,
    firstTtl,
    maxTtl,
    queries: number('q', 3, MAX_QUERIES, 'queries'),
    atOnce: number('N', 16, 0xffff, 'sim-queries'),
    port: number('p', DEFAULT_PORTS[method], 65535, 'port', 0),
    waitUs: wait * US_PER_SECOND,
    here,
    near,
    pauseUs: pause > 10 ? pause * 1000 : pause * US_PER_SECOND,
    tos: number('t', 0, 255, 'tos', 0),
    mark: Number(values.get('fwmark') ?? 0) | 0,
    dontFragment: flags.has('F'),
    isNumeric: flags.has('n'),
    source: sourceOf(host, values.get('s')),
    device: deviceOf(host, values.get('i')),
    length,
  };
}

function split(args: readonly string[]): { values: Map<string, string>; flags: Set<string>; rest: string[] } {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word.startsWith('--')) {
      const [name = '', value] = word.slice(2).split('=');
      const letter = LONG[name];
      if (letter === undefined) throw new TraceMistake(`Bad option \`${word}' (argc ${i + 1})`);
      if (value === undefined) flags.add(letter);
      else values.set(letter, value);
      continue;
    }
    if (!word.startsWith('-')) {
      rest.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      if (WITH_VALUE.includes(letter)) {
        values.set(letter, at + 1 < word.length ? word.slice(at + 1) : (args[++i] ?? ''));
        break;
      }
      if (!FLAGS.includes(letter)) throw new TraceMistake(`Bad option \`-${letter}' (argc ${i + 1})`);
      flags.add(letter);
    }
  }
  return { values, flags, rest };
}

function sourceOf(host: Host, text: string | undefined): IpAddress | undefined {
  if (text === undefined) return undefined;
  const source = parseAddress(text);
  const [w0, w1, w2, w3] = source?.words ?? [];
  if (source === undefined || host.addresses.find(source.family, w0!, w1!, w2!, w3!) === undefined) {
    throw new TraceMistake('bind: Cannot assign requested address');
  }
  return source;
}

function deviceOf(host: Host, name: string | undefined): Device | undefined {
  if (name === undefined) return undefined;
  const device = host.devices.named(name);
  if (device === undefined) throw new TraceMistake('setsockopt SO_BINDTODEVICE: No such device');
  return device;
}
