/**
 * `-m frag`: the fragment header of IPv6. Linux: ip6t_frag, which reads `--fraglen` and does nothing with it. Where
 * connection tracking is on, fragments have been put together before any rule but those of raw's PREROUTING sees them.
 */
import { defineMatch, type InfoOf, type MatchTest } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { flag, uint, type Range } from '../syntax/values/index.ts';
import { IPPROTO_FRAGMENT } from '../../wire/ip-protocol.ts';
import * as ipv6ext from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { findExtension } from './ipv6-extension.ts';
import { ALL_NUMBERS, isAllNumbers, isIn, listSomeRange, u32Range } from './u32-range.ts';

/** The byte behind the next header, and the two bits before the last of the offset field. */
const RESERVED_AT = 1;
const RESERVED_BITS = 0x6;

class FragTest implements MatchTest {
  private readonly ids: Range;
  private readonly not: boolean;
  private readonly reserved: boolean;
  private readonly first: boolean;
  private readonly more: boolean;
  private readonly last: boolean;

  constructor(info: Info) {
    this.ids = info.id?.value ?? ALL_NUMBERS;
    this.not = info.id?.not ?? false;
    this.reserved = info.reserved !== undefined;
    this.first = info.first !== undefined;
    this.more = info.more !== undefined;
    this.last = info.last !== undefined;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const header = findExtension(pkt, at, IPPROTO_FRAGMENT, ipv6ext.FRAGMENT_LENGTH);
    if (header < 0) return false;
    const { bytes } = pkt;
    if (isIn(ipv6ext.fragId(bytes, header) >>> 0, this.ids) === this.not) return false;
    if (this.reserved && (bytes[header + RESERVED_AT]! | (bytes[header + 3]! & RESERVED_BITS)) !== 0)
      return false;
    if (this.first && ipv6ext.fragOffset(bytes, header) !== 0) return false;
    const more = ipv6ext.moreFragments(bytes, header);
    return !(this.more && !more) && !(this.last && more);
  }
}

const options = {
  id: {
    value: u32Range('id[:id]'),
    name: 'fragid',
    negate: true,
    omit: isAllNumbers,
    about: 'the identification, or a range',
  },
  length: {
    value: uint(0, 0xffff_ffff, 'length'),
    name: 'fraglen',
    negate: true,
    about: 'read, and without effect in Linux',
  },
  reserved: { value: flag, name: 'fragres', about: 'the reserved fields are zero' },
  first: { value: flag, name: 'fragfirst', about: 'the first fragment' },
  more: { value: flag, name: 'fragmore', group: 'rest', about: 'more fragments follow' },
  last: { value: flag, name: 'fraglast', group: 'rest', about: 'the last fragment' },
} as const;

type Info = InfoOf<typeof options>;

function list(info: Info): string {
  const length = info.length === undefined ? '' : ` length:${info.length.not ? '!' : ''}${info.length.value}`;
  const words = (['reserved', 'first', 'more', 'last'] as const).filter((word) => info[word] !== undefined);
  return `frag ${listSomeRange('id', info.id)}${length}${words.map((word) => ` ${word}`).join('')}`;
}

export const frag = defineMatch({
  name: 'frag',
  about: 'the fragment header of IPv6',
  families: [6],
  options,
  list,
  create: (info) => new FragTest(info),
});
