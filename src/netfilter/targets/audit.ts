/** `-j AUDIT`: a record to the audit log, which the simulated host has not got. Linux: xt_AUDIT. */
import { defineTarget } from '../extension.ts';
import { oneOf } from '../syntax/values/index.ts';
import { PASS_ON } from './without-effect.ts';

export const audit = defineTarget({
  name: 'AUDIT',
  about: 'writes a record to the audit log: there is none',
  options: {
    type: {
      value: oneOf(['accept', 'drop', 'reject'], { bad: (word) => `Bad action type value "${word}"` }),
      required: true,
      about: 'what the record says is done with the packet',
    },
  },
  list: (info) => `AUDIT ${info.type!.value}`,
  create: () => PASS_ON,
});
