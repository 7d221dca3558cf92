/** Ports of elements: `80`, `tcp:80-90`, `icmp:8/0`, `icmpv6:echo-request`, `gre:0`. Source: ipset(8), ipset 7.17. */
import { ICMP_NAMES, ICMPV6_NAMES } from '../../syntax/values/icmp-types.ts';
import { formatProtocol, parseProtocol } from '../../syntax/values/protocols.ts';
import { servicePort } from '../../syntax/values/services.ts';
import type { Family } from '../../hook.ts';
import type { PortSpec } from '../element.ts';
import { hasPorts } from '../packet-element.ts';
import { SetError } from '../set-error.ts';
import { readNumber } from './numbers.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_ICMPV6 = 58;
const MAX_PORT = 65535;

export function readPort(text: string, family: Family): PortSpec {
  const colon = text.indexOf(':');
  if (colon < 0) return readPorts(text, IPPROTO_TCP);
  const protocol = readProtocol(text.slice(0, colon));
  const rest = text.slice(colon + 1);
  if (hasPorts(protocol)) return readPorts(rest, protocol);
  if (protocol === IPPROTO_ICMP) {
    if (family !== 4) throw new SetError('Syntax error: Protocol ICMP can be used with family inet only');
    return { protocol, first: readIcmp(rest, ICMP_CODES, 'ICMP'), last: null };
  }
  if (protocol === IPPROTO_ICMPV6) {
    if (family !== 6) throw new SetError('Syntax error: Protocol ICMPv6 can be used with family inet6 only');
    return { protocol, first: readIcmp(rest, ICMPV6_CODES, 'ICMPv6'), last: null };
  }
  if (rest !== '0') {
    const name = text.slice(0, colon);
    throw new SetError(`Syntax error: Protocol ${name} can be used with pseudo port value 0 only.`);
  }
  return { protocol, first: 0, last: null };
}

/** Of bitmap:port, where the protocol only helps to find a service by name. */
export function readPlainPort(text: string): PortSpec {
  const colon = text.indexOf(':');
  const protocol = colon < 0 ? IPPROTO_TCP : readProtocol(text.slice(0, colon));
  return { ...readPorts(text.slice(colon + 1), protocol), protocol: 0 };
}

export function printPort({ protocol, first }: PortSpec): string {
  const name = formatProtocol(protocol);
  const names = protocol === IPPROTO_ICMP ? ICMP_CODES : protocol === IPPROTO_ICMPV6 ? ICMPV6_CODES : null;
  if (names === null) return `${name}:${first}`;
  const known = [...names].find(([, value]) => value === first)?.[0];
  return `${name}:${known ?? `${first >> 8}/${first & 0xff}`}`;
}

function readPorts(text: string, protocol: number): PortSpec {
  const dash = rangeDash(text, protocol);
  if (dash < 0) return { protocol, first: readOne(text, protocol), last: null };
  return {
    protocol,
    first: readOne(text.slice(0, dash), protocol),
    last: readOne(text.slice(dash + 1), protocol),
  };
}

/** The dash of a range; names of services may hold one of their own. */
function rangeDash(text: string, protocol: number): number {
  if (servicePort(text, formatProtocol(protocol)) >= 0) return -1;
  return text.indexOf('-', 1);
}

function readOne(text: string, protocol: number): number {
  const name = formatProtocol(protocol);
  const service = servicePort(text, name);
  if (service >= 0) return service;
  try {
    return readNumber(text, 0, MAX_PORT);
  } catch (error) {
    const said = `${(error as SetError).message}\nSyntax error: '${name}' is invalid as number`;
    throw new SetError(`${said}\ncannot parse '${text}' as a ${name} port`);
  }
}

function readProtocol(text: string): number {
  try {
    const protocol = parseProtocol(text);
    if (protocol !== 0) return protocol;
  } catch {
    // Said below.
  }
  throw new SetError(`Syntax error: cannot parse '${text}' as a protocol`);
}

/** Names that stand for one type and code, with that as two bytes. A type that has codes by name is none by itself. */
function codesOf(names: typeof ICMP_NAMES): ReadonlyMap<string, number> {
  const withCodes = new Set(names.filter(([, , code]) => code !== undefined).map(([, type]) => type));
  return new Map(
    names.flatMap(([name, type, code]) =>
      type === 255 || (code === undefined && withCodes.has(type)) ? [] : [[name, (type << 8) | (code ?? 0)]],
    ),
  );
}

const ICMP_CODES = codesOf(ICMP_NAMES);
/** ip6tables has learnt these since, ipset has not. */
const UNKNOWN_TO_IPSET = new Set(['beyond-scope', 'failed-policy', 'reject-route']);
const ICMPV6_CODES = codesOf(ICMPV6_NAMES.filter(([name]) => !UNKNOWN_TO_IPSET.has(name)));

function readIcmp(text: string, names: ReadonlyMap<string, number>, what: string): number {
  const known = names.get(text);
  if (known !== undefined) return known;
  const parts = /^([0-9]+)\/([0-9]+)$/.exec(text);
  if (parts === null) throw new SetError(`Cannot parse ${text} as an ${what} type/code.`);
  return (readNumber(parts[1]!, 0, 255) << 8) | readNumber(parts[2]!, 0, 255);
}
