/**
 * `-m icmp`: type and code of ICMP (IPv4). Type 255 stands for any, whatever code is written with it.
 */
import { defineMatch, type ValueType } from '../extension.ts';
import { ICMP_NAMES, icmpType, type IcmpType } from '../syntax/values/index.ts';
import { IPPROTO_ICMP } from '../../wire/ip-protocol.ts';
import { IcmpTypeTest, listIcmpType } from './icmp-type-test.ts';

const ANY = 255;

const type: ValueType<IcmpType> = {
  ...icmpType,
  print: (value, family) => (value.type === ANY ? 'any' : icmpType.print(value, family)),
};

export const icmp = defineMatch({
  name: 'icmp',
  about: 'type and code of ICMP',
  families: [4],
  protocols: [IPPROTO_ICMP],
  options: {
    type: {
      value: type,
      name: 'icmp-type',
      negate: true,
      required: true,
      about: 'a type by name or number, with a code or without',
    },
  },
  list: (info, _family, numeric) => listIcmpType('icmp', info.type!, ICMP_NAMES, numeric),
  create: (info) => new IcmpTypeTest(info.type!, ANY),
});
