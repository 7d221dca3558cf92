/** `-j LED`: lights an LED of the machine, of which the simulated host has none. Linux: xt_LED. */
import { defineTarget, type InfoOf, type ValueType } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, parseUnsigned, text } from '../syntax/values/index.ts';
import { PASS_ON } from './without-effect.ts';

const ID_MAX = 26;
const FOR_EVER = -1;

/** Milliseconds, or `inf`. */
const delay: ValueType<number> = {
  label: 'milliseconds|inf',
  parse(words) {
    if (words[0]!.toLowerCase() === 'inf') return FOR_EVER;
    const value = parseUnsigned(words[0]!);
    if (value < 0) throw new ValueError('Delay value must be positive');
    return value;
  },
  print: (value) => (value === FOR_EVER ? 'inf' : String(value)),
};

const options = {
  id: {
    value: { ...text(ID_MAX, 'name'), print: (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"` },
    name: 'led-trigger-id',
    required: true,
    about: "name of the trigger, which is netfilter-NAME to the LED's driver",
  },
  delay: {
    value: delay,
    name: 'led-delay',
    omit: (value: number) => value === 0,
    about: 'how long it stays lit behind a packet',
  },
  blink: { value: flag, name: 'led-always-blink', about: 'blinks for a packet that comes while it is lit' },
} as const;

function list(info: InfoOf<typeof options>): string {
  const after = info.delay?.value ?? 0;
  const time = after === FOR_EVER ? 'inf' : `${after}ms`;
  return `led-trigger-id:"${info.id!.value}" led-delay:${time}${info.blink === undefined ? '' : ' led-always-blink'}`;
}

export const led = defineTarget({
  name: 'LED',
  about: 'lights an LED: there is none',
  options,
  list,
  create: () => PASS_ON,
});
