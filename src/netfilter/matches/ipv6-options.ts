/**
 * `-m hbh` and `-m dst`: the hop-by-hop and the destination options header of IPv6. Linux: ip6t_hbh. The options asked
 * for must be the header's first ones, in that order.
 */
import { defineMatch, type MatchTest, type ValueType } from '../extension.ts';
import type { HookState } from '../hook-state.ts';
import { ValueError } from '../syntax/value-error.ts';
import { parseUnsigned, uint } from '../syntax/values/index.ts';
import { IPPROTO_DSTOPTS, IPPROTO_HOPOPTS } from '../../wire/ip-protocol.ts';
import { headerLength, OPTION_PAD1 } from '../../wire/ipv6-ext.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { findExtension } from './ipv6-extension.ts';

interface WantedOption {
  readonly type: number;
  /** ANY_LENGTH when it was not given. */
  readonly length: number;
}

const ANY_LENGTH = 0xff;
const MOST_OPTIONS = 16;

/** `type[:length][,type…]`. Each number is cut to eight bits, as iptables does it. */
function optionList(extension: string): ValueType<readonly WantedOption[]> {
  const number = (word: string, what: string): number => {
    const value = parseUnsigned(word);
    if (value < 0) throw new ValueError(`${extension}: no valid digits in ${what} \`${word}'`);
    return value & 0xff;
  };
  return {
    label: 'type[:length][,type[:length]...]',
    parse(words) {
      const parts = words[0]!.split(',');
      if (parts.length > MOST_OPTIONS) throw new ValueError('too many addresses specified');
      return parts.map((part) => {
        const [type, length] = part.split(':');
        return {
          type: number(type!, 'opt'),
          length: length === undefined ? ANY_LENGTH : number(length, 'length'),
        };
      });
    },
    print: (value) =>
      value.map(({ type, length }) => (length === ANY_LENGTH ? `${type}` : `${type}:${length}`)).join(','),
  };
}

class OptionsTest implements MatchTest {
  private readonly kind: number;
  /** -1: any length. */
  private readonly length: number;
  private readonly lengthNot: boolean;
  private readonly wanted: readonly WantedOption[];

  constructor(kind: number, length: number, lengthNot: boolean, wanted: readonly WantedOption[]) {
    this.kind = kind;
    this.length = length;
    this.lengthNot = lengthNot;
    this.wanted = wanted;
  }

  test(pkt: PacketBuffer, at: HookState): boolean {
    const header = findExtension(pkt, at, this.kind, 2);
    if (header < 0) return false;
    const length = headerLength(pkt.bytes, header, this.kind);
    if (this.length >= 0 && (length === this.length) === this.lengthNot) return false;
    return this.hasOptions(pkt.bytes, header + 2, header + length);
  }

  private hasOptions(bytes: Uint8Array, first: number, end: number): boolean {
    const { wanted } = this;
    let at = first;
    for (let i = 0; i < wanted.length; i++) {
      const { type, length } = wanted[i]!;
      if (at >= end || bytes[at] !== type) return false;
      if (type === OPTION_PAD1) {
        at++;
        continue;
      }
      if (at + 1 >= end || (length !== ANY_LENGTH && bytes[at + 1] !== length)) return false;
      at += bytes[at + 1]! + 2;
      // The last one's content is not looked for.
      if (at > end && i < wanted.length - 1) return false;
    }
    return true;
  }
}

function optionsMatch(name: string, kind: number, about: string) {
  const list = optionList(name);
  return defineMatch({
    name,
    about,
    families: [6],
    options: {
      length: {
        value: uint(0, 0xffff_ffff, 'length'),
        name: `${name}-len`,
        negate: true,
        about: 'the length of the header in bytes',
      },
      options: { value: list, name: `${name}-opts`, about: 'the header begins with these options' },
    },
    list({ length, options }) {
      const words = [name];
      if (length !== undefined) words.push(`length:${length.not ? '!' : ''}${length.value}`);
      if (options !== undefined) words.push(`opts ${list.print(options.value, 6)}`);
      return words.join(' ');
    },
    create: ({ length, options }) =>
      new OptionsTest(kind, length?.value ?? -1, length?.not ?? false, options?.value ?? []),
  });
}

export const hbh = optionsMatch('hbh', IPPROTO_HOPOPTS, 'the hop-by-hop options header of IPv6');
export const dst = optionsMatch('dst', IPPROTO_DSTOPTS, 'the destination options header of IPv6');
