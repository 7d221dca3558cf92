/**
 * `-m srh`: the segment routing header of IPv6 (RFC 8754). Linux: ip6t_srh. A header that is broken, or not there, does
 * not match, whatever is asked; nothing is dropped for it.
 */
import { defineMatch, type Given, type InfoOf, type MatchTest, type ValueType } from '../extension.ts';
import { formatAddress, formatMask, uint, wholeAddress, type MaskedAddress } from '../syntax/values/index.ts';
import { readI32, readU16 } from '../../wire/bytes.ts';
import { IPPROTO_ROUTING } from '../../wire/ip-protocol.ts';
import { findHeader, headerLength, routingType, segmentsLeft } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

const TYPE_SRH = 4;
const NEXT_HEADER_AT = 0;
const LENGTH_AT = 1;
const SEGMENTS_LEFT_AT = 3;
const LAST_ENTRY_AT = 4;
const TAG_AT = 6;
const FIXED_LENGTH = 8;
const SEGMENT_LENGTH = 16;
const MAX_BYTE = 255;

/** Printed with its mask always. */
const segment: ValueType<MaskedAddress> = {
  ...wholeAddress,
  print: ({ words, mask }) => `${formatAddress(words, 6)}/${formatMask(mask, 6)}`,
};

class SrhTest implements MatchTest {
  private readonly nextHeader: Given<number> | null;
  private readonly comparisons: readonly Comparison[];
  private readonly tag: Given<number> | null;
  private readonly previous: Given<MaskedAddress> | null;
  private readonly next: Given<MaskedAddress> | null;
  private readonly last: Given<MaskedAddress> | null;

  constructor(info: Info) {
    this.nextHeader = info.nextHeader ?? null;
    this.comparisons = COMPARED.flatMap(({ property, at }) =>
      HOWS.flatMap((how) => {
        const given = info[`${property}${how}`];
        return given === undefined ? [] : [{ at, how, value: numberOf(info, property), not: given.not }];
      }),
    );
    this.tag = info.tag ?? null;
    this.previous = info.previous ?? null;
    this.next = info.next ?? null;
    this.last = info.last ?? null;
  }

  test(pkt: PacketBuffer): boolean {
    const { bytes, l3End } = pkt;
    const header = findHeader(bytes, pkt.l3, l3End, IPPROTO_ROUTING);
    if (header < 0 || header + FIXED_LENGTH > l3End) return false;
    if (header + headerLength(bytes, header, IPPROTO_ROUTING) > l3End) return false;
    if (routingType(bytes, header) !== TYPE_SRH) return false;
    const left = segmentsLeft(bytes, header);
    const lastEntry = bytes[header + LAST_ENTRY_AT]!;
    if (left > lastEntry) return false;

    const { nextHeader, tag } = this;
    if (nextHeader !== null && (bytes[header + NEXT_HEADER_AT] === nextHeader.value) === nextHeader.not)
      return false;
    for (const comparison of this.comparisons) {
      if (compares(bytes[header + comparison.at]!, comparison) === comparison.not) return false;
    }
    if (tag !== null && (readU16(bytes, header + TAG_AT) === tag.value) === tag.not) return false;
    if (this.previous !== null) {
      if (left === lastEntry || !isSegment(pkt, header, left + 1, this.previous)) return false;
    }
    if (this.next !== null) {
      if (left === 0 || !isSegment(pkt, header, left - 1, this.next)) return false;
    }
    return this.last === null || isSegment(pkt, header, 0, this.last);
  }
}

interface Comparison {
  readonly at: number;
  readonly how: 'Eq' | 'Gt' | 'Lt';
  readonly value: number;
  readonly not: boolean;
}

function compares(field: number, { how, value }: Comparison): boolean {
  return how === 'Eq' ? field === value : how === 'Gt' ? field > value : field < value;
}

/** Does the segment of that number lie in the network, or (inverted) not? */
function isSegment(pkt: PacketBuffer, header: number, number: number, given: Given<MaskedAddress>): boolean {
  const at = header + FIXED_LENGTH + number * SEGMENT_LENGTH;
  if (at + SEGMENT_LENGTH > pkt.l3End) return false;
  const { words, mask } = given.value;
  let differs = 0;
  for (let i = 0; i < 4; i++) {
    differs |= (readI32(pkt.bytes, at + 4 * i) & mask[i]!) ^ (words[i]! & mask[i]!);
  }
  return (differs === 0) !== given.not;
}

/** What can be asked to be equal, greater or less. */
const COMPARED = [
  { property: 'length', at: LENGTH_AT },
  { property: 'left', at: SEGMENTS_LEFT_AT },
  { property: 'entry', at: LAST_ENTRY_AT },
] as const;

const HOWS = ['Eq', 'Gt', 'Lt'] as const;

/** iptables has room for one number a field: of several comparisons all are with the last number written. */
function numberOf(info: Info, field: (typeof COMPARED)[number]['property']): number {
  const written = Object.keys(info).filter((name) => HOWS.some((how) => name === `${field}${how}`));
  return (info[written.at(-1) as keyof Info] as Given<number>).value;
}

const byte = uint(0, MAX_BYTE);
const number = (name: string, about: string) => ({ value: byte, name, negate: true, about }) as const;
const address = (name: string, about: string) => ({ value: segment, name, negate: true, about }) as const;

const options = {
  nextHeader: number('srh-next-hdr', 'the header that follows'),
  lengthEq: number('srh-hdr-len-eq', 'the length field of the header'),
  lengthGt: number('srh-hdr-len-gt', 'the length field is greater'),
  lengthLt: number('srh-hdr-len-lt', 'the length field is less'),
  leftEq: number('srh-segs-left-eq', 'segments left'),
  leftGt: number('srh-segs-left-gt', 'more segments are left'),
  leftLt: number('srh-segs-left-lt', 'fewer segments are left'),
  entryEq: number('srh-last-entry-eq', 'the index of the last entry'),
  entryGt: number('srh-last-entry-gt', 'the index of the last entry is greater'),
  entryLt: number('srh-last-entry-lt', 'the index of the last entry is less'),
  tag: { value: uint(0, 65535), name: 'srh-tag', negate: true, about: 'the tag' },
  previous: address('srh-psid', 'the segment that the packet came through'),
  next: address('srh-nsid', 'the segment that the packet goes to next'),
  last: address('srh-lsid', 'the last segment'),
} as const;

type Info = InfoOf<typeof options>;

/** What is asked, in the order of printing. */
function questions(info: Info): readonly { name: string; not: boolean; value: number | MaskedAddress }[] {
  return Object.entries(options).flatMap(([property, { name }]) => {
    const given = info[property as keyof Info];
    if (given === undefined) return [];
    const compared = COMPARED.find((one) => HOWS.some((how) => property === `${one.property}${how}`));
    const value = compared === undefined ? given.value : numberOf(info, compared.property);
    return [{ name, not: given.not, value }];
  });
}

function save(info: Info): string {
  return questions(info)
    .map(({ name, not, value }) => {
      const text = typeof value === 'number' ? String(value) : segment.print(value, 6);
      return `${not ? '! ' : ''}--${name} ${text}`;
    })
    .join(' ');
}

/** `srh next-hdr:!4 psid  a::/64`: iptables leaves the place of the exclamation mark blank before a segment. */
function list(info: Info): string {
  const words = questions(info).flatMap(({ name, not, value }) => {
    const short = name.slice('srh-'.length);
    return typeof value === 'number'
      ? [`${short}:${not ? '!' : ''}${value}`]
      : [`${short} ${not ? '!' : ''} ${segment.print(value, 6)}`];
  });
  return ['srh', ...words].join(' ');
}

export const srh = defineMatch({
  name: 'srh',
  about: 'the segment routing header of IPv6',
  families: [6],
  options,
  save,
  list,
  create: (info) => new SrhTest(info),
});
