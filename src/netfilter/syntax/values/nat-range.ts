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

function parsePorts(text: string, offset: boolean): Pick<NatRange, 'ports' | 'portBase'> {
  if (text.includes(':')) throw new ValueError('Invalid port:port syntax - use dash');
  const slash = text.indexOf('/');
  if (slash >= 0 && !offset) throw new ValueError(`Port \`${text}' not valid`);
  const span = slash < 0 ? text : text.slice(0, slash);
  // A whole word that names a service may have a dash in it (ftp-data).
  const dash = servicePort(span, null) >= 0 ? -1 : span.indexOf('-');
  const low = natPort(dash < 0 ? span : span.slice(0, dash), text);
  const high = dash < 0 ? low : natPort(span.slice(dash + 1), text);
  if (low > high) throw new ValueError(`Port range \`${span.slice(dash + 1)}' funky`);
  if (slash >= 0 && dash < 0) throw new ValueError(`Port \`${text}' not valid`);
  return { ports: { low, high }, portBase: slash < 0 ? null : natPort(text.slice(slash + 1), text) };
}

function natPort(text: string, whole: string): number {
  const number = parseUnsigned(text);
  const value = number >= 0 ? number : servicePort(text, null);
  if (value < 0 || value > 65535) throw new ValueError(`Port \`${whole}' not valid`);
  return value;
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
