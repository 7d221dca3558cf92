/**
 * What is sent to a gateway, in named scenarios: run against the stack, and against the kernel by
 * `npx tsx test/stack/record.ts`, whose answers are kept in golden/kernel-answers.json.
 */
import { FORWARDING, MTU } from './forwarding.ts';
import { LINK_LOCAL } from './link-local.ts';
import { CHECKS, MARTIANS } from './headers.ts';
import { OPTIONS, EXTENSIONS } from './options.ts';
import { LOCAL } from './local.ts';
import { NEIGHBOURS } from './neighbours.ts';
import { FRAGMENTS } from './fragments.ts';
import type { Scenario } from './network.ts';

export { G0, GATEWAY, H0, type Scenario } from './network.ts';
export { SLOW_SCENARIOS } from './fragments.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...FORWARDING,
  ...LINK_LOCAL,
  ...MTU,
  ...CHECKS,
  ...MARTIANS,
  ...OPTIONS,
  ...EXTENSIONS,
  ...LOCAL,
  ...NEIGHBOURS,
  ...FRAGMENTS,
];
