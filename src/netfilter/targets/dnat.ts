/** `-j DNAT`: a new destination for the whole connection. Linux: xt_nat (DNAT target, revision 2). */
import { defineTarget } from '../extension.ts';
import { Hook } from '../hook.ts';
import { listNatFlags, ruleRange } from '../nat/rule-range.ts';
import { Manip } from '../nat/view.ts';
import { flag, natRange } from '../syntax/values/index.ts';
import { NatAction } from './nat-action.ts';

const toDestination = natRange(true);

export const dnat = defineTarget({
  name: 'DNAT',
  about: 'gives the connection a new destination address',
  tables: ['nat'],
  hooks: [Hook.PREROUTING, Hook.OUTPUT],
  needsConntrack: true,
  options: {
    to: {
      value: toDestination,
      name: 'to-destination',
      required: true,
      about: 'addresses and ports to choose from',
    },
    random: { value: flag, about: 'draw the destination port at random' },
    persistent: { value: flag, about: 'give a client the same address for all its connections' },
  },
  list: (info, family) => `to:${toDestination.print(info.to!.value, family)}${listNatFlags(info)}`,
  create: (info, services) => new NatAction(services.nat, ruleRange(info.to!.value, info), Manip.DST),
});
