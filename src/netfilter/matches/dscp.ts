/**
 * `-m dscp`: the six bits of the differentiated services code point. Linux: xt_dscp.
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import { dscp as dscpValue, dscpClass } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { trafficClass } from './traffic-class.ts';

class DscpTest implements MatchTest {
  private readonly value: number;
  private readonly not: boolean;

  constructor(given: Given<number>) {
    this.value = given.value;
    this.not = given.not;
  }

  test(pkt: PacketBuffer): boolean {
    return (trafficClass(pkt) >> 2 === this.value) !== this.not;
  }
}

export const dscp = defineMatch({
  name: 'dscp',
  about: 'the differentiated services code point',
  options: {
    dscp: { value: dscpValue, negate: true, about: 'the code point, 0 to 63' },
    class: { value: dscpClass, name: 'dscp-class', as: 'dscp', negate: true, about: 'the same by its class' },
  },
  check(info) {
    if (info.dscp === undefined) throw new ValueError('DSCP match: Parameter --dscp is required');
  },
  list: (info, family) =>
    `DSCP match ${info.dscp!.not ? '!' : ''}${dscpValue.print(info.dscp!.value, family)}`,
  create: (info) => new DscpTest(info.dscp!),
});
