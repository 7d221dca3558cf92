/**
 * `-m ipcomp`: the compression parameter index of IPComp (RFC 3173 section 3.3). Linux: xt_ipcomp. Without the option it
 * is 0 that is looked for, as iptables has it; the reserved field is not looked at by Linux, whatever `--compres` says.
 */
import { defineMatch, type Given, type InfoOf } from '../extension.ts';
import { flag, printRange, type Range } from '../syntax/values/index.ts';
import { readU16 } from '../../wire/bytes.ts';
import { SpiTest } from './spi-test.ts';
import { isAllNumbers, listSomeRange, u32Range } from './u32-range.ts';

const IPPROTO_COMP = 108;

/** Next header, flags, index. */
const FIELD = { headerLength: 4, spi: (bytes: Uint8Array, header: number) => readU16(bytes, header + 2) };

const UNSAID: Given<Range> = { value: { low: 0, high: 0 }, not: false };

const options = {
  spi: {
    value: u32Range('spi[:spi]'),
    name: 'ipcompspi',
    negate: true,
    about: 'one index, or a range with both ends; 0 unless given',
  },
  reserved: { value: flag, name: 'compres', about: 'read, and without effect in Linux' },
} as const;

function save(info: InfoOf<typeof options>): string {
  const { value, not } = info.spi ?? UNSAID;
  const words = isAllNumbers(value) ? [] : [`${not ? '! ' : ''}--ipcompspi ${printRange(value)}`];
  if (info.reserved !== undefined) words.push('--compres');
  return words.join(' ');
}

export const ipcomp = defineMatch({
  name: 'ipcomp',
  about: 'the compression parameter index of IPComp',
  protocols: [IPPROTO_COMP],
  options,
  save,
  list: (info) =>
    `comp ${listSomeRange('spi', info.spi ?? UNSAID)}${info.reserved === undefined ? '' : ' reserved'}`,
  create: (info) => new SpiTest(FIELD, info.spi ?? UNSAID),
});
