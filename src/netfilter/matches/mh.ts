/**
 * `-m mh`: the type of a Mobile IPv6 message (RFC 6275 section 6.1). Linux: ip6t_mh. A header cut short, or one that names
 * another header behind it, drops the packet (hotdrop).
 */
import { defineMatch, type Given, type MatchTest, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { parseUnsigned, printRange, type Range } from '../syntax/values/index.ts';
import { IPPROTO_NONE } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { isIn } from './u32-range.ts';

const IPPROTO_MH = 135;
const HEADER_LENGTH = 6;
const TYPE_AT = 2;
const MAX_TYPE = 255;

/** Types by name and short name; -L shows the names. */
const TYPES = [
  ['binding-refresh-request', 'brr'],
  ['home-test-init', 'hoti'],
  ['careof-test-init', 'coti'],
  ['home-test', 'hot'],
  ['careof-test', 'cot'],
  ['binding-update', 'bu'],
  ['binding-acknowledgement', 'ba'],
  ['binding-error', 'be'],
] as const;

/** A number; a name; or what a long name begins with, of which the first is meant. */
function parseType(word: string): number {
  const lower = word.toLowerCase();
  const short = TYPES.findIndex(([name, alias]) => name === lower || alias === lower);
  const named = short >= 0 ? short : word === '' ? -1 : TYPES.findIndex(([name]) => name.startsWith(lower));
  const type = named >= 0 ? named : parseUnsigned(word);
  if (type < 0 || type > MAX_TYPE) throw new ValueError(`Invalid MH type \`${word}'`);
  return type;
}

const typeRange: ValueType<Range> = {
  label: 'type[:type]',
  parse(words) {
    const word = words[0]!;
    const colon = word.indexOf(':');
    const from = colon < 0 ? word : word.slice(0, colon);
    const to = colon < 0 ? undefined : word.slice(colon + 1);
    const low = from === '' && to !== undefined ? 0 : parseType(from);
    const high = to === undefined ? low : to === '' ? MAX_TYPE : parseType(to);
    if (low > high) throw new ValueError('Invalid MH type range (min > max)');
    return { low, high };
  },
  print: printRange,
};

const isAllTypes = ({ low, high }: Range) => low === 0 && high === MAX_TYPE;

class MhTest implements MatchTest {
  private readonly types: Range;
  private readonly not: boolean;

  constructor(given: Given<Range> | undefined) {
    this.types = given?.value ?? { low: 0, high: MAX_TYPE };
    this.not = given?.not ?? false;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) return false;
    if (pkt.l4 + HEADER_LENGTH > pkt.l3End || pkt.bytes[pkt.l4] !== IPPROTO_NONE) {
      at.hotdrop = true;
      return false;
    }
    return isIn(pkt.bytes[pkt.l4 + TYPE_AT]!, this.types) !== this.not;
  }
}

function list(given: Given<Range> | undefined, numeric: boolean): string {
  if (given === undefined || (isAllTypes(given.value) && !given.not)) return 'mh';
  const { low, high } = given.value;
  const name = (type: number) => (numeric ? undefined : TYPES[type]?.[0]) ?? String(type);
  return `mh ${given.not ? '!' : ''}${name(low)}${low === high ? '' : `:${name(high)}`}`;
}

export const mh = defineMatch({
  name: 'mh',
  about: 'the type of a Mobile IPv6 message',
  families: [6],
  protocols: [IPPROTO_MH],
  options: {
    type: {
      value: typeRange,
      name: 'mh-type',
      negate: true,
      omit: isAllTypes,
      about: 'a type by name or number, or a range',
    },
  },
  list: (info, _family, numeric) => list(info.type, numeric),
  create: (info) => new MhTest(info.type),
});
