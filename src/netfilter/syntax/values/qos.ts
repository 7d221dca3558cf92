/**
 * The type-of-service byte and its successor: DSCP values and classes (RFC 2474, 2597, 3246), TOS values with the old
 * names of RFC 1349.
 */
import type { ValueType } from '../../extension.ts';
import { ValueError, badValue } from '../value-error.ts';
import { parseUnsigned } from './numbers.ts';

function hex2(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

/** 0 to 63; printed `0x0a`. */
export const dscp: ValueType<number> = {
  label: 'value',
  parse(words, use) {
    const value = parseUnsigned(words[0]!);
    if (value < 0 || value > 63) throw badDscp(use.extension, use.option);
    return value;
  },
  print: hex2,
};

function badDscp(extension: string, option: string): ValueError {
  return new ValueError(`${extension}: bad value for option "--${option}", or out of range (0-63).`);
}

/** CS0 to CS7, AF11 to AF43, BE and EF. */
const DSCP_CLASSES = new Map<string, number>([
  ['be', 0],
  ['ef', 0x2e],
  ...Array.from({ length: 8 }, (_, i): [string, number] => [`cs${i}`, i << 3]),
  ...[1, 2, 3, 4].flatMap((queue) =>
    [1, 2, 3].map((drop): [string, number] => [`af${queue}${drop}`, (queue << 3) | (drop << 1)]),
  ),
]);

/** The name of a class; the value is the code point, printed as such (after `--dscp`). */
export const dscpClass: ValueType<number> = {
  label: 'BE|EF|AFxx|CSx',
  parse(words) {
    const value = DSCP_CLASSES.get(words[0]!.toLowerCase());
    if (value === undefined) throw new ValueError(`Invalid DSCP value \`${words[0]!}'`);
    return value;
  },
  print: hex2,
};

/** The mask that a name stands for. */
export const TOS_NAME_MASK = 0x3f;

export const TOS_NAMES: readonly (readonly [name: string, value: number])[] = [
  ['Minimize-Delay', 0x10],
  ['Maximize-Throughput', 0x08],
  ['Maximize-Reliability', 0x04],
  ['Minimize-Cost', 0x02],
  ['Normal-Service', 0x00],
];

export interface Tos {
  readonly value: number;
  readonly mask: number;
}

/** `value[/mask]` or a name; a name stands for all bits but the two of ECN. Printed `0x10/0x3f`. */
export const tos: ValueType<Tos> = {
  label: 'value[/mask]|name',
  choices: TOS_NAMES.map(([name]) => name),
  parse(words) {
    const word = words[0]!;
    const named = TOS_NAMES.find(([name]) => name.toLowerCase() === word.toLowerCase());
    if (named !== undefined) return { value: named[1], mask: 0x3f };
    const slash = word.indexOf('/');
    const value = parseUnsigned(slash < 0 ? word : word.slice(0, slash));
    if (value < 0 || value > 255) throw new ValueError(`Symbolic name "${word}" is unknown`);
    const mask = slash < 0 ? 255 : parseUnsigned(word.slice(slash + 1));
    if (mask < 0 || mask > 255) throw new ValueError(`Illegal value: "${word}"`);
    return { value, mask };
  },
  print: (v) => `${hex2(v.value)}/${hex2(v.mask)}`,
};

/** 0 to 255, printed `0x10` (masks of TOS targets). */
export const tosBits: ValueType<number> = {
  label: 'bits',
  parse(words, use) {
    const value = parseUnsigned(words[0]!);
    if (value < 0 || value > 255) throw badValue(use, '', '0-255');
    return value;
  },
  print: hex2,
};
