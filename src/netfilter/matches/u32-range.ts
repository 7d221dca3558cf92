/**
 * A range of 32-bit numbers (SPIs, fragment identifications …): how it is written, printed and listed, for the matches
 * that compare one field of a header with it. iptables leaves the range of all numbers out even where it is inverted.
 */
import type { Given } from '../extension.ts';
import { printRange, range, type Range } from '../syntax/values/index.ts';

const MAX_U32 = 0xffff_ffff;

export const ALL_NUMBERS: Range = { low: 0, high: MAX_U32 };

export const u32Range = (label: string) => range(0, MAX_U32, label);

export function isAllNumbers({ low, high }: Range): boolean {
  return low === 0 && high === MAX_U32;
}

/** `spi:5`, `spis:!5:7`; an `s` follows the name of a range. */
export function listRange(name: string, { value, not }: Given<Range>): string {
  return `${name}${value.low === value.high ? '' : 's'}:${not ? '!' : ''}${printRange(value)}`;
}

/** The same, empty for what says nothing: no range, or the range of all numbers. */
export function listSomeRange(name: string, given: Given<Range> | undefined, isAll = isAllNumbers): string {
  return given === undefined || (isAll(given.value) && !given.not) ? '' : listRange(name, given);
}

/** The field as an unsigned number. */
export function isIn(field: number, { low, high }: Range): boolean {
  return field >= low && field <= high;
}
