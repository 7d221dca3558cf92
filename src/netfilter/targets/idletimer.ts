/**
 * `-j IDLETIMER`: a timer that programs can watch, set back by every packet. Linux: xt_IDLETIMER. Nobody watches here.
 */
import { defineTarget } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { cutText, flag, uint } from '../syntax/values/index.ts';
import { PASS_ON } from './without-effect.ts';

const LABEL_MAX = 27;
/** The kernel counts milliseconds in a signed 32-bit number. */
const MAX_SECONDS = Math.floor(0x7fff_ffff / 1000);

const label = cutText(LABEL_MAX, 'name');

export const idletimer = defineTarget({
  name: 'IDLETIMER',
  about: 'sets back a timer that programs watch: none do',
  options: {
    timeout: { value: uint(0, 0xffff_ffff, 'seconds'), required: true, about: 'when it runs out' },
    label: {
      value: {
        ...label,
        parse: (words: readonly string[], use: Parameters<typeof label.parse>[1]) =>
          words[0] === '' ? '' : label.parse(words, use),
        print: (value: string) => value,
      },
      required: true,
      about: 'its name',
    },
    alarm: { value: flag, about: 'also wakes the machine up' },
  },
  check(info) {
    const seconds = info.timeout!.value;
    if (seconds === 0 || seconds > MAX_SECONDS || /^$|\//.test(info.label!.value))
      throw new ValueError('Invalid argument', 'REFUSED');
  },
  list: (info) =>
    `timeout:${info.timeout!.value} label:${info.label!.value}${info.alarm === undefined ? '' : ' alarm'}`,
  create: () => PASS_ON,
});
