/**
 * `-m realm`: the realm of the packet's route. Linux: xt_realm. The routes of the simulated host have none, which is realm
 * 0 (`cosmos`).
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { Hook } from '../hook.ts';
import type { Masked } from '../syntax/values/index.ts';
import { namedMask } from './named-mask.ts';

const COSMOS = 0;

const realmValue = namedMask(new Map([['cosmos', COSMOS]]));

class RealmTest implements MatchTest {
  private readonly answer: boolean;

  constructor({ value, not }: Given<Masked>) {
    this.answer = (value.value === (COSMOS & value.mask)) !== not;
  }

  test(): boolean {
    return this.answer;
  }
}

export const realm = defineMatch({
  name: 'realm',
  about: "the realm of the packet's route: 0 always",
  hooks: [Hook.INPUT, Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING],
  families: [4],
  options: {
    realm: { value: realmValue, negate: true, required: true, about: 'the realm, by number or name' },
  },
  list: ({ realm: given }, _family, numeric) =>
    `${given!.not ? '! ' : ''}realm ${realmValue.list(given!, numeric)}`,
  create: (info) => new RealmTest(info.realm!),
});
