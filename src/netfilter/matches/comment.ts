/**
 * `-m comment`: a remark on the rule; every packet matches.
 */
import { defineMatch, type MatchTest } from '../extension.ts';
import { text } from '../syntax/values/index.ts';

const MAX_BYTES = 255;

const always: MatchTest = { isSteady: true, test: () => true };

export const comment = defineMatch({
  name: 'comment',
  about: 'a remark on the rule',
  options: {
    comment: { value: text(MAX_BYTES), required: true, about: 'the remark, up to 255 bytes' },
  },
  list: (info) => `/* ${info.comment!.value} */`,
  create: () => always,
});
