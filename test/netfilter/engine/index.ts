/** What tables and chains mean: one suite, run on the reference and on the compiled engine. */
import type { EngineName } from '../../../src/netfilter/rules-in-force.ts';
import { chains } from './chains.ts';
import { conditions } from './conditions.ts';
import { hostileRules } from './hostile-rules.ts';
import { longChains } from './long-chains.ts';
import { targets } from './targets.ts';
import { ground } from './ground.ts';

export function engineSuite(engine: EngineName): void {
  const own = ground(engine);
  chains(own);
  conditions(own);
  targets(own);
  longChains(own);
  hostileRules(own);
}
