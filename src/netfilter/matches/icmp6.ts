/**
 * `-m icmp6` (also `icmpv6`): type and code of ICMPv6. No type stands for any.
 */
import { defineMatch } from '../extension.ts';
import { ICMPV6_NAMES, icmpv6Type } from '../syntax/values/index.ts';
import { IPPROTO_ICMPV6 } from '../../wire/ip-protocol.ts';
import { IcmpTypeTest, listIcmpType } from './icmp-type-test.ts';

const NO_TYPE = -1;

export const icmp6 = defineMatch({
  name: 'icmp6',
  aliases: ['icmpv6', 'ipv6-icmp'],
  about: 'type and code of ICMPv6',
  families: [6],
  protocols: [IPPROTO_ICMPV6],
  options: {
    type: {
      value: icmpv6Type,
      name: 'icmpv6-type',
      negate: true,
      required: true,
      about: 'a type by name or number, with a code or without',
    },
  },
  list: (info, _family, numeric) => listIcmpType('ipv6-icmp', info.type!, ICMPV6_NAMES, numeric),
  create: (info) => new IcmpTypeTest(info.type!, NO_TYPE),
});
