/**
 * `-m u32`: numbers of 32 bits out of the IP datagram, found by arithmetic, compared with ranges. Linux: xt_u32. Offsets
 * count from the IP header. A read that leaves the datagram ends the test: the rule does not match (inverted, it does).
 */
import { defineMatch, type Given, type MatchTest } from '../extension.ts';
import { lookAsHeld } from './as-held.ts';
import { ValueError } from '../syntax/value-error.ts';
import { u32Tests, type U32Operator, type U32Test } from '../syntax/values/index.ts';
import { readU32 } from '../../wire/bytes.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const Operation = { AND: 0, LEFT: 1, RIGHT: 2, AT: 3 } as const;

const OPERATIONS: Readonly<Record<U32Operator, number>> = {
  '&': Operation.AND,
  '<<': Operation.LEFT,
  '>>': Operation.RIGHT,
  '@': Operation.AT,
};

const WORD = 4;
const MAX_U32 = 0xffff_ffff;

/** One `place=values`, as arrays of numbers. */
class PlaceTest {
  private readonly start: number;
  private readonly operations: Uint8Array;
  private readonly operands: Uint32Array;
  private readonly lows: Uint32Array;
  private readonly highs: Uint32Array;

  constructor(test: U32Test) {
    this.start = test.start;
    this.operations = Uint8Array.from(test.steps, (step) => OPERATIONS[step.operator]);
    this.operands = Uint32Array.from(test.steps, (step) => step.number);
    this.lows = Uint32Array.from(test.values, (range) => range.low);
    this.highs = Uint32Array.from(test.values, (range) => range.high);
  }

  test(bytes: Uint8Array, l3: number, length: number): boolean {
    const value = this.read(bytes, l3, length);
    if (value < 0) return false;
    const { lows, highs } = this;
    for (let i = 0; i < lows.length; i++) if (lows[i]! <= value && value <= highs[i]!) return true;
    return false;
  }

  /** The number at the place; -1 when a read would leave the datagram. */
  private read(bytes: Uint8Array, l3: number, length: number): number {
    const { operations, operands } = this;
    if (this.start + WORD > length) return -1;
    let base = 0;
    let value = readU32(bytes, l3 + this.start);
    for (let i = 0; i < operations.length; i++) {
      const operand = operands[i]!;
      switch (operations[i]) {
        case Operation.AND:
          value = (value & operand) >>> 0;
          break;
        case Operation.LEFT:
          value = (value << operand) >>> 0;
          break;
        case Operation.RIGHT:
          value = value >>> operand;
          break;
        default:
          base += value;
          if (base > MAX_U32 || base + operand + WORD > length) return -1;
          value = readU32(bytes, l3 + base + operand);
      }
    }
    return value;
  }
}

class U32MatchTest implements MatchTest {
  private readonly places: readonly PlaceTest[];
  private readonly not: boolean;

  constructor(given: Given<readonly U32Test[]>) {
    this.places = given.value.map((test) => new PlaceTest(test));
    this.not = given.not;
  }

  test(pkt: PacketBuffer): boolean {
    return lookAsHeld(pkt, this);
  }

  look(pkt: PacketBuffer): boolean {
    const { places } = this;
    const length = pkt.l3End - pkt.l3;
    for (let i = 0; i < places.length; i++) {
      if (!places[i]!.test(pkt.bytes, pkt.l3, length)) return this.not;
    }
    return !this.not;
  }
}

export const u32 = defineMatch({
  name: 'u32',
  about: 'numbers of 32 bits out of the packet, found by arithmetic',
  options: {
    u32: {
      value: u32Tests,
      negate: true,
      required: true,
      about: 'tests such as "0>>22&0x3C@12=0x1:0x3", joined by &&',
    },
  },
  check(info) {
    const isShiftedOut = info.u32!.value.some((test) =>
      test.steps.some(({ operator, number }) => operator.length === 2 && number > 31),
    );
    if (isShiftedOut) throw new ValueError('Invalid argument', 'REFUSED');
  },
  list: (info, family) => `u32 ${info.u32!.not ? '! ' : ''}${u32Tests.print(info.u32!.value, family)}`,
  create: (info) => new U32MatchTest(info.u32!),
});
