/**
 * `-m state`: the connection state; the older and smaller way to write `-m conntrack --ctstate`.
 */
import { defineMatch } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { STATE_NAMES, StateTest } from './connection-state.ts';
import { nameList } from './name-list.ts';

const states = nameList(
  STATE_NAMES,
  (rest) =>
    new ValueError(
      rest === ''
        ? '"--state" requires a list of states with no spaces, e.g. ESTABLISHED,RELATED'
        : `Bad state "${rest}"`,
    ),
);

export const state = defineMatch({
  name: 'state',
  about: 'the state of the connection that the packet belongs to',
  needsConntrack: true,
  options: {
    state: { value: states, negate: true, required: true, about: 'any of these states' },
  },
  list: (info, family) => `${info.state!.not ? '! ' : ''}state ${states.print(info.state!.value, family)}`,
  create: (info) => new StateTest(info.state!.value, info.state!.not),
});
