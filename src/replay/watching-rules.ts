/** A replay that only watches: every helper on its usual port, and everything let through. */
import { helperRules, WATCHING_HELPERS } from '../alg/index.ts';
import type { ReplayOptions } from './options.ts';

export function watchingRules(): Pick<ReplayOptions, 'rules' | 'rules6' | 'helpers'> {
  return {
    rules: { text: helperRules(4), file: 'helpers' },
    helpers: WATCHING_HELPERS,
    rules6: { text: helperRules(6), file: 'helpers' },
  };
}
