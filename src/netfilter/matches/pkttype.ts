/**
 * `-m pkttype`: for whom the frame was on the link. Linux: xt_pkttype. Of looped-back copies the link says nothing, so
 * the destination address decides: a group's is multicast, any other broadcast.
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { ValueError } from '../syntax/value-error.ts';
import type { ValueType } from '../extension.ts';
import { PacketType, type PacketBuffer } from '../../wire/packet-buffer.ts';

/** The first name of a type is the one that is printed. */
const NAMES = [
  ['unicast', PacketType.HOST],
  ['broadcast', PacketType.BROADCAST],
  ['multicast', PacketType.MULTICAST],
  ['otherhost', PacketType.OTHERHOST],
  ['bcast', PacketType.BROADCAST],
  ['mcast', PacketType.MULTICAST],
  ['host', PacketType.HOST],
] as const;

const type: ValueType<number> = {
  label: NAMES.map(([name]) => name).join('|'),
  parse(words) {
    const found = NAMES.find(([name]) => name === words[0]!.toLowerCase());
    if (found === undefined) throw new ValueError(`Bad packet type '${words[0]!}'`);
    return found[1];
  },
  print: (value) => NAMES.find(([, number]) => number === value)![0],
};

class PkttypeTest implements MatchTest {
  private readonly type: number;
  private readonly not: boolean;

  constructor(given: Given<number>) {
    this.type = given.value;
    this.not = given.not;
  }

  test(pkt: PacketBuffer): boolean {
    const type = pkt.packetType === PacketType.LOOPBACK ? loopedType(pkt) : pkt.packetType;
    return (type === this.type) !== this.not;
  }
}

function loopedType(pkt: PacketBuffer): number {
  const group = pkt.family === 4 ? pkt.dst0 >>> 28 === 0xe : pkt.dst0 >>> 24 === 0xff;
  return group ? PacketType.MULTICAST : PacketType.BROADCAST;
}

export const pkttype = defineMatch({
  name: 'pkttype',
  about: 'whether the frame was for one station, a group or all',
  options: {
    type: { value: type, name: 'pkt-type', negate: true, required: true, about: 'the type of packet' },
  },
  list: (info, family) => `PKTTYPE ${info.type!.not ? '!=' : '='} ${type.print(info.type!.value, family)}`,
  create: (info) => new PkttypeTest(info.type!),
});
