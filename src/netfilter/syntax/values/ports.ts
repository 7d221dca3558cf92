/**
 * Ports as option values: numbers or service names, ranges, and multiport's lists. Printed as numbers always, as
 * iptables-save does.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';
import { parseUnsigned, printRange, type Range } from './numbers.ts';
import { serviceName, servicePort } from './services.ts';

/** A number up to 65535 or a service name of any protocol; throws in iptables' words. */
export function parsePort(word: string): number {
  const number = parseUnsigned(word);
  if (number >= 0 && number <= 65535) return number;
  const named = servicePort(word, null);
  if (named < 0) throw new ValueError(`invalid port/service \`${word}' specified`);
  return named;
}

/** `80` with `numeric`, else `http` where the port has a name: for `-L`. */
export function listPort(port: number, numeric: boolean, protocol: string | null): string {
  return (numeric ? null : serviceName(port, protocol)) ?? String(port);
}

export const port: ValueType<number> = {
  label: 'port',
  parse: (words) => parsePort(words[0]!),
  print: String,
};

/** `port[:port]`; a missing end is 0 or 65535. */
export const portRange: ValueType<Range> = {
  label: 'port[:port]',
  parse: (words) => parsePortRange(words[0]!),
  print: printRange,
};

function parsePortRange(word: string): Range {
  const colon = word.indexOf(':');
  if (colon < 0) {
    const low = parsePort(word);
    return { low, high: low };
  }
  const low = colon === 0 ? 0 : parsePort(word.slice(0, colon));
  const high = colon === word.length - 1 ? 65535 : parsePort(word.slice(colon + 1));
  if (low > high) throw new ValueError('invalid portrange (min > max)');
  return { low, high };
}

/** The kernel's structure has 15 places; a range takes two. */
const MULTIPORT_PLACES = 15;

/** `port[,port:port,…]`. */
export const portList: ValueType<readonly Range[]> = {
  label: 'port[,port:port,port...]',
  parse(words) {
    let places = 0;
    const list = words[0]!.split(',').map((part) => {
      const colon = part.indexOf(':');
      places += colon < 0 ? 1 : 2;
      if (places > MULTIPORT_PLACES) throw new ValueError('too many ports specified');
      const low = parsePort(colon < 0 ? part : part.slice(0, colon));
      const high = colon < 0 ? low : parsePort(part.slice(colon + 1));
      if (colon >= 0 && low >= high) throw new ValueError('invalid portrange specified');
      return { low, high };
    });
    return list;
  },
  print: (value) => value.map(printRange).join(','),
};
