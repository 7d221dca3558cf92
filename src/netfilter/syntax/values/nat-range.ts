/**
 * Where NAT targets translate to: `address[-address][:port[-port]]` (SNAT, DNAT), with IPv6 addresses in brackets
 * where a port follows, DNAT's port offset `:low-high/base`, and the bare port ranges of REDIRECT and MASQUERADE.
 */
import type { OptionUse, ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';
import { formatAddress, parseAddress } from './addresses.ts';
import { parseUnsigned } from './numbers.ts';
import { servicePort } from './services.ts';

export interface NatRange {
  /** Null: the address stays (`:80`). */
  readonly addresses: { readonly low: Int32Array; readonly high: Int32Array } | null;
  /** Null: the port stays where it can. */
  readonly ports: { readonly low: number; readonly high: number } | null;
  /** DNAT's `/base`: the new port is `low + (old port - base)`; null without. */
  readonly portBase: number | null;
}

const NEEDS_PORTS = [6, 17, 33, 132, 136];

/** Refuses ports where the rule does not say a protocol that has them. */
export function needPortProtocol(use: OptionUse): void {
  if (use.protocol === null || !NEEDS_PORTS.includes(use.protocol)) {
    throw new ValueError('Need TCP, UDP, SCTP or DCCP with port specification');
  }
}

/** SNAT's and DNAT's; `offset` allows the port base. */
export function natRange(offset: boolean): ValueType<NatRange> {
  return {
    label: offset ? '[address[-address]][:port[-port[/port]]]' : '[address[-address]][:port[-port]]',
    parse: (words, use) => parseNatRange(words[0]!, use, offset),
    print: printNatRange,
  };
}

/** `port[-port]` of REDIRECT and MASQUERADE; with an offset, REDIRECT's `port-port/base` too. */
export function natPorts(offset: boolean): ValueType<NatRange> {
  return {
    label: offset ? 'port[-port[/port]]' : 'port[-port]',
    parse(words, use) {
      needPortProtocol(use);
      return { addresses: null, ...parsePorts(words[0]!, offset) };
    },
    print: printPorts,
  };
}

function parseNatRange(word: string, use: OptionUse, offset: boolean): NatRange {
  const cut = portColon(word, use);
  const addressText = cut < 0 ? word : word.slice(0, cut);
  let ports: Pick<NatRange, 'ports' | 'portBase'> = { ports: null, portBase: null };
  if (cut >= 0) {
    needPortProtocol(use);
    ports = parsePorts(word.slice(cut + 1), offset);
  }
  return { addresses: addressText === '' ? null : parseAddresses(addressText, use), ...ports };
}

/** Where the colon before the ports stands, -1 for none. */
function portColon(word: string, use: OptionUse): number {
  if (use.family === 4) return word.indexOf(':');
  if (word.startsWith('[')) {
    const close = word.indexOf(']');
    if (close < 0) throw new ValueError('Invalid address format');
    const colon = word.indexOf(':', close);
    return colon;
  }
  return word.startsWith(':') && !word.startsWith('::') ? 0 : -1;
}

function parseAddresses(text: string, use: OptionUse): NonNullable<NatRange['addresses']> {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const dash = bare.indexOf('-');
  const low = natAddress(dash < 0 ? bare : bare.slice(0, dash), use);
  return { low, high: dash < 0 ? low : natAddress(bare.slice(dash + 1), use) };
}

function natAddress(text: string, use: OptionUse): Int32Array {
  const words = parseAddress(text, use.family);
  if (words === null) throw new ValueError(`Bad IP address "${text}"`);
  return words;
}

/** A number, a range of numbers (with an offset, `/base` behind it), or one service name. */
function parsePorts(text: string, offset: boolean): Pick<NatRange, 'ports' | 'portBase'> {
  if (text.includes(':')) throw new ValueError('Invalid port:port syntax - use dash');
  const named = servicePort(text, null);
  if (named >= 0) return { ports: { low: named, high: named }, portBase: null };
  const found = /^([0-9]+)(?:-([0-9]+)(?:\/([^/]+)$)?)?(.*)$/.exec(text);
  if (found === null) throw badPort(text);
  const [, lowText, highText, baseText, garbage] = found;
  const low = portNumber(lowText!, 0);
  if (garbage !== '' && highText === undefined) {
    throw garbage!.startsWith('-')
      ? badPort(text)
      : new ValueError(`Garbage after port value: \`${garbage!}'`);
  }
  const high = highText === undefined ? low : portNumber(highText, 0);
  if (low > high) throw new ValueError(`Port range \`${highText!}' funky`);
  if (garbage !== '') throw new ValueError(`Garbage after port range: \`${garbage!}'`);
  if (baseText !== undefined && !offset) {
    throw new ValueError('Shifted portmap ranges not supported with this kernel');
  }
  return { ports: { low, high }, portBase: baseText === undefined ? null : portBase(baseText) };
}

function portNumber(text: string, min: number): number {
  const value = parseUnsigned(text);
  if (value < min || value > 65535) throw badPort(text);
  return value;
}

/** A port that a shifted range begins from, by number or name. */
function portBase(text: string): number {
  const named = servicePort(text, null);
  return named >= 0 ? named : portNumber(text, 1);
}

function badPort(text: string): ValueError {
  return new ValueError(`Port \`${text}' not valid`);
}

function printPorts(value: NatRange): string {
  if (value.ports === null) return '';
  const { low, high } = value.ports;
  return `${low}${low === high ? '' : `-${high}`}${value.portBase === null ? '' : `/${value.portBase}`}`;
}

function printNatRange(value: NatRange, family: 4 | 6): string {
  let text = '';
  if (value.addresses !== null) {
    const { low, high } = value.addresses;
    const last = formatAddress(high, family);
    text = formatAddress(low, family);
    if (text !== last) text += `-${last}`;
    if (family === 6 && value.ports !== null) text = `[${text}]`;
  }
  return value.ports === null ? text : `${text}:${printPorts(value)}`;
}
