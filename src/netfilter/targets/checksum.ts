/**
 * `-j CHECKSUM`: fills in a checksum that was left to the network card. Linux: xt_CHECKSUM. Packets here have theirs: those of
 * captures are completed on the way in, the host's own are made so.
 */
import { defineTarget } from '../extension.ts';
import { flag } from '../syntax/values/index.ts';
import { PASS_ON } from './without-effect.ts';

export const checksumTarget = defineTarget({
  name: 'CHECKSUM',
  about: 'fills in a checksum that was left out: none is',
  tables: ['mangle'],
  options: { fill: { value: flag, name: 'checksum-fill', required: true, about: 'fills it in' } },
  list: () => 'CHECKSUM fill',
  create: () => PASS_ON,
});
