/**
 * Words of iproute2's command lines, read one after the other: `ip route add WORDS`, `ip rule add WORDS`, and the same words in
 * a gateway file. Mistakes carry the text and the exit status that iproute2 has for them.
 */
import { SluiceError } from '../../base/errors.ts';
import type { Family } from '../../netfilter/hook.ts';
import { addressBits, parseAddress, parsePrefix, type IpAddress, type IpPrefix } from '../address.ts';
import { RouteOrigin, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from './route.ts';

export class WordsMistake extends SluiceError {
  readonly status: number;

  constructor(message: string, status = 255) {
    super('IP_WORDS', message);
    this.name = 'WordsMistake';
    this.status = status;
  }
}

export class Words {
  private readonly words: readonly string[];
  private at = 0;

  constructor(words: readonly string[]) {
    this.words = words;
  }

  get isEmpty(): boolean {
    return this.at >= this.words.length;
  }

  /** The next word, left where it is. */
  get peek(): string {
    return this.words[this.at] ?? '';
  }

  /** The next word; a mistake when there is none. */
  next(): string {
    if (this.isEmpty) throw new WordsMistake('Command line is not complete. Try option "help"');
    return this.words[this.at++]!;
  }

  /** The word just taken is the next one again. */
  back(): this {
    this.at--;
    return this;
  }

  rest(): readonly string[] {
    const rest = this.words.slice(this.at);
    this.at = this.words.length;
    return rest;
  }

  number(name: string, max: number, min = 0): number {
    const text = this.next();
    const value = parseNumber(text);
    if (value === undefined || value < min || value > max) return wrong(text, `"${name}" value is invalid`);
    return value;
  }

  address(family: Family | 0): IpAddress {
    const text = this.next();
    const address = parseAddress(text);
    if (address === undefined || (family !== 0 && address.family !== family)) {
      throw new WordsMistake(
        `Error: ${family === 0 ? 'inet' : family === 4 ? 'inet' : 'inet6'} address is expected rather than "${text}".`,
        1,
      );
    }
    return address;
  }

  prefix(family: Family | 0): IpPrefix {
    return readPrefix(this.next(), family);
  }
}

export function wrong(text: string, message: string): never {
  throw new WordsMistake(`Error: argument "${text}" is wrong: ${message}\n`);
}

export function garbage(word: string, instead: string): never {
  throw new WordsMistake(`Error: either "${instead}" is duplicate, or "${word}" is a garbage.`);
}

/** Decimal, or hexadecimal behind 0x. */
export function parseNumber(text: string): number | undefined {
  return /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : undefined;
}

/** `default`, `10.0.0.0/8`, `10/8`, `fd00::/64`, or a host's address. */
export function readPrefix(text: string, family: Family | 0): IpPrefix {
  if (text === 'default' || text === 'any' || text === 'all') {
    return { family: family === 0 ? 4 : family, words: new Int32Array(4), length: 0 };
  }
  const prefix = parsePrefix(withAllParts(text));
  if (prefix !== undefined && (family === 0 || prefix.family === family)) return prefix;
  const kind = family === 0 ? 'any valid' : family === 4 ? 'inet' : 'inet6';
  throw new WordsMistake(`Error: ${kind} prefix is expected rather than "${text}".`, 1);
}

/** IPv4 networks may leave out parts at the end. */
function withAllParts(text: string): string {
  const [address = '', length] = text.split('/');
  if (length === undefined || !/^\d+(\.\d+){0,2}$/.test(address)) return text;
  return `${address}${'.0'.repeat(4 - address.split('.').length)}/${length}`;
}

// ── Names of numbers (/etc/iproute2) ────────────────────────────────────────────────────────────────────────────

const TABLE_NAMES: Readonly<Record<string, number>> = {
  unspec: 0,
  default: TABLE_DEFAULT,
  main: TABLE_MAIN,
  local: TABLE_LOCAL,
};

export const ORIGIN_NAMES: Readonly<Record<string, number>> = {
  unspec: 0,
  redirect: RouteOrigin.REDIRECT,
  kernel: RouteOrigin.KERNEL,
  boot: RouteOrigin.BOOT,
  static: RouteOrigin.STATIC,
  ra: RouteOrigin.RA,
  dhcp: RouteOrigin.DHCP,
};

export const SCOPE_NAMES: Readonly<Record<string, number>> = {
  global: 0,
  site: 200,
  link: 253,
  host: 254,
  nowhere: 255,
};

const LARGEST_TABLE = 0xffffffff;

export function parseTable(text: string): number {
  const table = TABLE_NAMES[text] ?? parseNumber(text);
  if (table === undefined || table > LARGEST_TABLE) return wrong(text, '"table" value is invalid');
  return table;
}

export function tableName(table: number): string {
  return nameIn(TABLE_NAMES, table);
}

export function parseIn(names: Readonly<Record<string, number>>, text: string, what: string): number {
  const value = Object.hasOwn(names, text) ? names[text]! : parseNumber(text);
  if (value === undefined || value > 255) return wrong(text, `${what} value is invalid`);
  return value;
}

export function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}

/** The address alone where the prefix is a host's. */
export function isHostPrefix({ family, length }: IpPrefix): boolean {
  return length === addressBits(family);
}
