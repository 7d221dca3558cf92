/**
 * `-j SECMARK` and `-j CONNSECMARK`: labels for a security module (SELinux), which the simulated host has not got. Linux:
 * xt_SECMARK, xt_CONNSECMARK.
 */
import { defineTarget } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { flag, text } from '../syntax/values/index.ts';
import { PASS_ON } from './without-effect.ts';

const CONTEXT_MAX = 255;

export const secmark = defineTarget({
  name: 'SECMARK',
  about: 'labels the packet for a security module: there is none',
  tables: ['mangle', 'security'],
  options: {
    context: {
      value: { ...text(CONTEXT_MAX, 'context'), print: (value: string) => value },
      name: 'selctx',
      required: true,
      about: 'the SELinux context',
    },
  },
  list: (info) => `SECMARK selctx ${info.context!.value}`,
  create: () => PASS_ON,
});

export const connsecmark = defineTarget({
  name: 'CONNSECMARK',
  about: 'copies the label between packet and connection: there are no labels',
  tables: ['mangle', 'security'],
  needsConntrack: true,
  options: {
    save: { value: flag, group: 'way', about: 'from the packet, if the connection has none' },
    restore: { value: flag, group: 'way', about: 'from the connection, if the packet has none' },
  },
  check(info) {
    if ((info.save ?? info.restore) === undefined)
      throw new ValueError('CONNSECMARK target: parameter required');
  },
  list: (info) => `CONNSECMARK ${info.save === undefined ? 'restore' : 'save'}`,
  create: () => PASS_ON,
});
