/** Rules for a replay that only watches: every helper on its usual port, and everything let through. */
import { helperRules } from '../alg/index.ts';
import type { ReplayOptions } from './options.ts';

export function watchingRules(): Pick<ReplayOptions, 'rules' | 'rules6'> {
  return {
    rules: { text: helperRules(4), file: 'helpers' },
    rules6: { text: helperRules(6), file: 'helpers' },
  };
}
