/**
 * ICMP and ICMPv6 types by name, as `--icmp-type` and `--icmpv6-type` take them: a name (or an unambiguous beginning
 * of one, in any case), a number, or `type/code`. Names: iptables-extensions(8); numbers: IANA.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError } from '../value-error.ts';
import { parseUnsigned } from './numbers.ts';

export interface IcmpType {
  /** 255 in IPv4 with all codes stands for any type. */
  readonly type: number;
  readonly lowCode: number;
  readonly highCode: number;
}

type Name = readonly [name: string, type: number, code?: number];

/** In the order in which help lists them; a name without a code stands for all codes. */
export const ICMP_NAMES: readonly Name[] = [
  ['any', 255],
  ['echo-reply', 0],
  ['pong', 0],
  ['destination-unreachable', 3],
  ['network-unreachable', 3, 0],
  ['host-unreachable', 3, 1],
  ['protocol-unreachable', 3, 2],
  ['port-unreachable', 3, 3],
  ['fragmentation-needed', 3, 4],
  ['source-route-failed', 3, 5],
  ['network-unknown', 3, 6],
  ['host-unknown', 3, 7],
  ['network-prohibited', 3, 9],
  ['host-prohibited', 3, 10],
  ['TOS-network-unreachable', 3, 11],
  ['TOS-host-unreachable', 3, 12],
  ['communication-prohibited', 3, 13],
  ['host-precedence-violation', 3, 14],
  ['precedence-cutoff', 3, 15],
  ['source-quench', 4],
  ['redirect', 5],
  ['network-redirect', 5, 0],
  ['host-redirect', 5, 1],
  ['TOS-network-redirect', 5, 2],
  ['TOS-host-redirect', 5, 3],
  ['echo-request', 8],
  ['ping', 8],
  ['router-advertisement', 9],
  ['router-solicitation', 10],
  ['time-exceeded', 11],
  ['ttl-exceeded', 11],
  ['ttl-zero-during-transit', 11, 0],
  ['ttl-zero-during-reassembly', 11, 1],
  ['parameter-problem', 12],
  ['ip-header-bad', 12, 0],
  ['required-option-missing', 12, 1],
  ['timestamp-request', 13],
  ['timestamp-reply', 14],
  ['address-mask-request', 17],
  ['address-mask-reply', 18],
];

export const ICMPV6_NAMES: readonly Name[] = [
  ['destination-unreachable', 1],
  ['no-route', 1, 0],
  ['communication-prohibited', 1, 1],
  ['beyond-scope', 1, 2],
  ['address-unreachable', 1, 3],
  ['port-unreachable', 1, 4],
  ['failed-policy', 1, 5],
  ['reject-route', 1, 6],
  ['packet-too-big', 2],
  ['time-exceeded', 3],
  ['ttl-exceeded', 3],
  ['ttl-zero-during-transit', 3, 0],
  ['ttl-zero-during-reassembly', 3, 1],
  ['parameter-problem', 4],
  ['bad-header', 4, 0],
  ['unknown-header-type', 4, 1],
  ['unknown-option', 4, 2],
  ['echo-request', 128],
  ['ping', 128],
  ['echo-reply', 129],
  ['pong', 129],
  ['router-solicitation', 133],
  ['router-advertisement', 134],
  ['neighbour-solicitation', 135],
  ['neighbor-solicitation', 135],
  ['neighbour-advertisement', 136],
  ['neighbor-advertisement', 136],
  ['redirect', 137],
];

function icmpTypeOf(kind: string, names: readonly Name[], any: boolean): ValueType<IcmpType> {
  return {
    label: 'type[/code]|name',
    choices: names.map(([name]) => name),
    parse(words) {
      const word = words[0]!;
      return named(word, kind, names) ?? numbered(word, kind, any);
    },
    print(value) {
      if (any && value.type === 255 && value.lowCode === 0 && value.highCode === 255) return 'any';
      if (value.lowCode === value.highCode) return `${value.type}/${value.lowCode}`;
      if (value.lowCode === 0 && value.highCode === 255) return String(value.type);
      return `${value.type}/${value.lowCode}-${value.highCode}`;
    },
  };
}

function named(word: string, kind: string, names: readonly Name[]): IcmpType | null {
  const lower = word.toLowerCase();
  const found = names.filter(([name]) => name.toLowerCase().startsWith(lower));
  const exact = found.find(([name]) => name.toLowerCase() === lower);
  if (exact === undefined && found.length > 1 && word !== '') {
    throw new ValueError(`Ambiguous ${kind} type \`${word}': \`${found[0]![0]}' or \`${found[1]![0]}'?`);
  }
  const one = exact ?? (found.length === 1 ? found[0] : undefined);
  if (one === undefined) return null;
  const [, type, code] = one;
  return { type, lowCode: code ?? 0, highCode: code ?? 255 };
}

function numbered(word: string, kind: string, any: boolean): IcmpType {
  const slash = word.indexOf('/');
  const type = parseUnsigned(slash < 0 ? word : word.slice(0, slash));
  if (type < 0 || type > 255) throw new ValueError(`Unknown ${kind} type \`${word}'`);
  if (slash < 0) return { type, lowCode: 0, highCode: 255 };
  const code = parseUnsigned(word.slice(slash + 1));
  if (code < 0 || code > 255) throw new ValueError(`Unknown ${kind} code \`${word}'`);
  return any && type === 255 && code === 255
    ? { type, lowCode: 0, highCode: 255 }
    : { type, lowCode: code, highCode: code };
}

export const icmpType: ValueType<IcmpType> = icmpTypeOf('ICMP', ICMP_NAMES, true);
export const icmpv6Type: ValueType<IcmpType> = icmpTypeOf('ICMPv6', ICMPV6_NAMES, false);
