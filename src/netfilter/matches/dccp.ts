/**
 * `-m dccp`: ports, packet type and options of DCCP (RFC 4340). Linux: xt_dccp. Later fragments don't match; a header
 * that is not all there drops the packet (hotdrop).
 */
import { defineMatch, type Given, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { printBits, resolvedPortRange, uint, type Range } from '../syntax/values/index.ts';
import * as dccp from '../../wire/dccp.ts';
import { IPPROTO_DCCP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { ALL_PORTS, isAllPorts, portFacts } from './port-facts.ts';
import { isIn, listSomeRange } from './u32-range.ts';

/** All the types that there are no names for. */
const INVALID_TYPES = 0xfc00;

const TYPES = [
  ...(
    [
      'REQUEST',
      'RESPONSE',
      'DATA',
      'ACK',
      'DATAACK',
      'CLOSEREQ',
      'CLOSE',
      'RESET',
      'SYNC',
      'SYNCACK',
    ] as const
  ).map((name, type) => [name, 1 << type] as const),
  ['INVALID', INVALID_TYPES] as const,
];

const typeList: ValueType<number> = {
  label: `${TYPES.map(([name]) => name).join('|')}[,...]`,
  parse(words) {
    let bits = 0;
    for (const word of words[0]!.split(',').filter((part) => part !== '')) {
      const type = TYPES.find(([name]) => name === word.toUpperCase());
      if (type === undefined) throw new ValueError(`Unknown DCCP type \`${word}'`);
      bits |= type[1];
    }
    return bits;
  },
  print: (value) => printBits(TYPES, value),
};

/** Bytes that follow the generic header, by type (RFC 4340 sections 5.2 to 5.8). */
const TYPE_LENGTHS = [4, 12, 0, 8, 8, 8, 8, 12, 8, 8];

class DccpTest implements MatchTest {
  private readonly sport: Range;
  private readonly sportNot: boolean;
  private readonly dport: Range;
  private readonly dportNot: boolean;
  /** Bits by type; -1 for any. */
  private readonly types: number;
  private readonly typesNot: boolean;
  /** 0 for none. */
  private readonly option: number;
  private readonly optionNot: boolean;

  constructor(info: Info) {
    this.sport = info.sport?.value ?? ALL_PORTS;
    this.sportNot = info.sport?.not ?? false;
    this.dport = info.dport?.value ?? ALL_PORTS;
    this.dportNot = info.dport?.not ?? false;
    this.types = info.types?.value ?? -1;
    this.typesNot = info.types?.not ?? false;
    this.option = info.option?.value ?? 0;
    this.optionNot = info.option?.not ?? false;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    if (pkt.fragOffset !== 0) return false;
    if (pkt.l4Ok === 0) {
      at.hotdrop = true;
      return false;
    }
    if (isIn(pkt.sport, this.sport) === this.sportNot) return false;
    if (isIn(pkt.dport, this.dport) === this.dportNot) return false;
    const type = dccp.type(pkt.bytes, pkt.l4);
    if (this.types !== -1 && (((this.types >> type) & 1) === 1) === this.typesNot) return false;
    return this.option === 0 || this.hasOption(pkt, at, type) !== this.optionNot;
  }

  private hasOption(pkt: PacketBuffer, at: HookState, type: number): boolean {
    const { bytes, l4 } = pkt;
    const extended = dccp.extendedSequence(bytes, l4) ? 4 : 0;
    const start = l4 + dccp.HEADER_LENGTH + extended + (TYPE_LENGTHS[type] ?? 0);
    const end = l4 + dccp.headerLength(bytes, l4);
    if (end < start || end > pkt.l3End) {
      at.hotdrop = true;
      return false;
    }
    for (let i = start; i < end;) {
      const kind = bytes[i]!;
      if (kind === this.option) return true;
      i += kind < 2 || i + 1 >= end ? 1 : bytes[i + 1]! || 1;
    }
    return false;
  }
}

const port = (side: string, about: string) =>
  ({ value: resolvedPortRange, aliases: [`${side}-port`], negate: true, about }) as const;

const options = {
  sport: port('source', 'source port or range'),
  dport: port('destination', 'destination port or range'),
  types: {
    value: typeList,
    name: 'dccp-types',
    negate: true,
    about: 'the packet is of one of these types',
  },
  option: {
    value: uint(1, 255),
    name: 'dccp-option',
    negate: true,
    about: 'the option is in the header',
  },
} as const;

type Info = InfoOf<typeof options>;

/** Numerically the types that have no name stand one by one. */
function listTypes(given: Given<number>, numeric: boolean): string {
  const types = numeric
    ? Array.from({ length: 16 }, (_, type) => type).filter((type) => (given.value >> type) & 1)
    : [printBits(TYPES, given.value)];
  return `${given.not ? '! ' : ''}${types.join(',')}`;
}

function list(info: Info, numeric: boolean): string {
  const words = [
    'dccp',
    listSomeRange('spt', info.sport, isAllPorts),
    listSomeRange('dpt', info.dport, isAllPorts),
  ].filter((word) => word !== '');
  if (info.types !== undefined) words.push(listTypes(info.types, numeric));
  if (info.option !== undefined) words.push(`option=${info.option.not ? '!' : ''}${info.option.value}`);
  return words.join(' ');
}

export const dccpMatch = defineMatch({
  name: 'dccp',
  about: 'ports, packet types and options of DCCP',
  protocols: [IPPROTO_DCCP],
  options,
  facts: portFacts,
  mayHotdrop: (info) => info.option !== undefined,
  list: (info, _family, numeric) => list(info, numeric),
  create: (info) => new DccpTest(info),
});
