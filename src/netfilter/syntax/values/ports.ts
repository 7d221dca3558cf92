/**
 * Ports as option values: numbers or service names, ranges, and multiport's lists. Printed as numbers always, as
 * iptables-save does.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';
import { parseUnsigned, printRange, type Range } from './numbers.ts';
import { formatProtocol } from './protocols.ts';
import { serviceName, servicePort } from './services.ts';

/** A number up to 65535 or a service of the protocol (any unless given); throws in iptables' words. */
export function parsePort(word: string, protocol: number | null = null): number {
  const number = parseUnsigned(word);
  if (number >= 0 && number <= 65535) return number;
  const named = servicePort(word, protocol === null ? null : formatProtocol(protocol));
  if (named < 0) throw new ValueError(`invalid port/service \`${word}' specified`);
  return named;
}

/** `80` with `numeric`, else `http` where the port has a name: for `-L`. */
export function listPort(port: number, numeric: boolean, protocol: string | null): string {
  return (numeric ? null : serviceName(port, protocol)) ?? String(port);
}

export const port: ValueType<number> = {
  label: 'port',
  parse: (words, use) => parsePort(words[0]!, use.protocol),
  print: String,
};

/** `port[:port]`; a missing end is 0 or 65535. */
export const portRange: ValueType<Range> = {
  label: 'port[:port]',
  parse: (words, use) => parsePortRange(words[0]!, use.protocol),
  print: printRange,
};

function parsePortRange(word: string, protocol: number | null): Range {
  const colon = word.indexOf(':');
  if (colon < 0) {
    const low = parsePort(word, protocol);
    return { low, high: low };
  }
  const low = colon === 0 ? 0 : parsePort(word.slice(0, colon), protocol);
  const high = colon === word.length - 1 ? 65535 : parsePort(word.slice(colon + 1), protocol);
  if (low > high) throw new ValueError('invalid portrange (min > max)');
  return { low, high };
}

/**
 * `port[:port]` as newer extensions read it (udp, conntrack): decimal numbers or services of any protocol, the ends in any
 * order. iptables lets the C library resolve the word and keeps the low 16 bits, so that 70000 is 4464 here as there.
 */
export const resolvedPortRange: ValueType<Range> = {
  label: 'port[:port]',
  parse(words, use) {
    const [low, high, more] = words[0]!.split(':');
    if (more !== undefined) {
      throw new ValueError(`${use.extension}: Too many components for option "--${use.option}" (max: 2)\n`);
    }
    const from = resolvePort(low!, 0);
    return { low: from, high: high === undefined ? from : resolvePort(high, 65535) };
  },
  print: printRange,
};

function resolvePort(word: string, missing: number): number {
  return word === '' ? missing : resolveOnePort(word);
}

function resolveOnePort(word: string): number {
  if (/^[\t-\r ]*\+?[0-9]{1,9}$/.test(word)) return Number(word) & 0xffff;
  const named = servicePort(word, null);
  if (named < 0) throw new ValueError(`Port "${word}" does not resolve to anything.\n`);
  return named;
}

/** One port, resolved likewise. */
export const resolvedPort: ValueType<number> = {
  label: 'port',
  parse: (words) => resolveOnePort(words[0]!),
  print: String,
};

/** The kernel's structure has 15 places; a range takes two. */
const MULTIPORT_PLACES = 15;

/** `port[,port:port,…]`. */
export const portList: ValueType<readonly Range[]> = {
  label: 'port[,port:port,port...]',
  parse(words, use) {
    let places = 0;
    const list = words[0]!.split(',').map((part) => {
      const colon = part.indexOf(':');
      places += colon < 0 ? 1 : 2;
      if (places > MULTIPORT_PLACES) throw new ValueError('too many ports specified');
      const low = parsePort(colon < 0 ? part : part.slice(0, colon), use.protocol);
      const high = colon < 0 ? low : parsePort(part.slice(colon + 1), use.protocol);
      if (colon >= 0 && low >= high) throw new ValueError('invalid portrange specified');
      return { low, high };
    });
    return list;
  },
  print: (value) => value.map(printRange).join(','),
};
