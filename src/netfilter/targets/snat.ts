/** `-j SNAT`: a new source for the whole connection. Linux: xt_nat (SNAT target, revision 1). */
import { defineTarget } from '../extension.ts';
import { Hook } from '../hook.ts';
import { listNatFlags, ruleRange } from '../nat/rule-range.ts';
import { Manip } from '../nat/view.ts';
import { flag, natRange } from '../syntax/values/index.ts';
import { NatAction } from './nat-action.ts';

const toSource = natRange(false);

export const snat = defineTarget({
  name: 'SNAT',
  about: 'gives the connection a new source address',
  tables: ['nat'],
  hooks: [Hook.POSTROUTING, Hook.INPUT],
  needsConntrack: true,
  options: {
    to: {
      value: toSource,
      name: 'to-source',
      required: true,
      about: 'addresses and ports to choose from',
    },
    random: { value: flag, about: 'draw the source port at random' },
    randomFully: { value: flag, name: 'random-fully', about: 'the same, without a hash of the addresses' },
    persistent: { value: flag, about: 'give a client the same address for all its connections' },
  },
  list: (info, family) => `to:${toSource.print(info.to!.value, family)}${listNatFlags(info)}`,
  create: (info, services) => new NatAction(services.nat, ruleRange(info.to!.value, info), Manip.SRC),
});
