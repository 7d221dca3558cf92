/**
 * `-m ttl`: the time to live of IPv4. Linux: xt_hl. In FORWARD the gateway has already taken its one off.
 */
import { defineMatch } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { uint } from '../syntax/values/index.ts';
import { HopLimitTest, listHopLimit } from './hop-limit-test.ts';

const TTL_AT = 8;

export const ttl = defineMatch({
  name: 'ttl',
  about: 'the time to live of IPv4',
  families: [4],
  options: {
    eq: {
      value: uint(0, 255),
      name: 'ttl-eq',
      aliases: ['ttl'],
      negate: true,
      group: 'compare',
      about: 'equal to this',
    },
    lt: { value: uint(0, 255), name: 'ttl-lt', group: 'compare', about: 'less than this' },
    gt: { value: uint(0, 255), name: 'ttl-gt', group: 'compare', about: 'greater than this' },
  },
  check(info) {
    if (info.eq === undefined && info.lt === undefined && info.gt === undefined) {
      throw new ValueError("TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt");
    }
  },
  list: (info) => listHopLimit('TTL', info),
  create: (info) => new HopLimitTest(info, TTL_AT),
});
