/**
 * `-m hl`: the hop limit of IPv6. Linux: xt_hl. In FORWARD the gateway has already taken its one off.
 */
import { defineMatch } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { uint } from '../syntax/values/index.ts';
import { HopLimitTest, listHopLimit } from './hop-limit-test.ts';

const HOP_LIMIT_AT = 7;

export const hl = defineMatch({
  name: 'hl',
  about: 'the hop limit of IPv6',
  families: [6],
  options: {
    eq: {
      value: uint(0, 255),
      name: 'hl-eq',
      aliases: ['hl'],
      negate: true,
      group: 'compare',
      about: 'equal to this',
    },
    lt: { value: uint(0, 255), name: 'hl-lt', group: 'compare', about: 'less than this' },
    gt: { value: uint(0, 255), name: 'hl-gt', group: 'compare', about: 'greater than this' },
  },
  check(info) {
    if (info.eq === undefined && info.lt === undefined && info.gt === undefined) {
      throw new ValueError("HL match: You must specify one of `--hl-eq', `--hl-lt', `--hl-gt'");
    }
  },
  list: (info) => listHopLimit('HL', info),
  create: (info) => new HopLimitTest(info, HOP_LIMIT_AT),
});
