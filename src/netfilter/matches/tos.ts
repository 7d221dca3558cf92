/**
 * `-m tos`: the type-of-service byte of IPv4, the traffic class of IPv6, with a mask. Linux: xt_dscp. A value with bits
 * outside its mask never matches.
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { TOS_NAMES, TOS_NAME_MASK, tos as tosValue, type Tos } from '../syntax/values/index.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { trafficClass } from './traffic-class.ts';

class TosTest implements MatchTest {
  private readonly value: number;
  private readonly mask: number;
  private readonly not: boolean;

  constructor(given: Given<Tos>) {
    this.value = given.value.value;
    this.mask = given.value.mask;
    this.not = given.not;
  }

  test(pkt: PacketBuffer): boolean {
    return ((trafficClass(pkt) & this.mask) === this.value) !== this.not;
  }
}

function list({ value, not }: Given<Tos>, numeric: boolean): string {
  const named =
    numeric || value.mask !== TOS_NAME_MASK
      ? undefined
      : TOS_NAMES.find(([, number]) => number === value.value);
  return `tos match${not ? '!' : ''}${named === undefined ? tosValue.print(value, 4) : ` ${named[0]}`}`;
}

export const tos = defineMatch({
  name: 'tos',
  about: 'the type-of-service byte (IPv6: traffic class)',
  options: {
    tos: { value: tosValue, negate: true, required: true, about: 'the value, of the bits in the mask' },
  },
  list: (info, _family, numeric) => list(info.tos!, numeric),
  create: (info) => new TosTest(info.tos!),
});
