/** The values of a request: addresses with masks, numbers as strtoul reads them, states, marks and statuses by name. */
import { CtStatus } from '../../netfilter/conntrack/ct-info.ts';
import { SCTP_STATE_NAMES } from '../../netfilter/conntrack/sctp-states.ts';
import { TCP_STATE_NAMES } from '../../netfilter/conntrack/tcp-states.ts';
import type { Tuple } from '../../netfilter/conntrack/tuple.ts';
import { parseIp4, parseIp6 } from '../../wire/address.ts';
import { IPPROTO_SCTP, IPPROTO_TCP } from '../../wire/ip-protocol.ts';
import { BadWords, type Request } from './request.ts';

/** An address, and which of its bits count. */
export class AddressWords {
  readonly family: 4 | 6;
  readonly words: Int32Array;
  private readonly mask: Int32Array;

  constructor(family: 4 | 6, words: Int32Array, mask: Int32Array) {
    this.family = family;
    this.words = words;
    this.mask = mask;
  }

  hasSource({ src0, src1, src2, src3 }: Tuple): boolean {
    return this.has(src0, src1, src2, src3);
  }

  hasDestination({ dst0, dst1, dst2, dst3 }: Tuple): boolean {
    return this.has(dst0, dst1, dst2, dst3);
  }

  private has(...address: readonly [number, number, number, number]): boolean {
    return address.every((word, i) => ((word ^ this.words[i]!) & this.mask[i]!) === 0);
  }
}

export interface Addresses {
  readonly src: AddressWords | null;
  readonly dst: AddressWords | null;
  readonly replySrc: AddressWords | null;
  readonly replyDst: AddressWords | null;
  readonly srcNat: AddressWords | null;
  readonly dstNat: AddressWords | null;
  readonly anyNat: AddressWords | null;
}

/** Throws BadWords while it is made, so that nothing is done by halves. */
export class Words {
  readonly request: Request;
  readonly addresses: Addresses;
  /** Of the addresses, or of `-f`; null for both. */
  readonly family: 4 | 6 | null;
  readonly protocol: number | null;
  readonly state: number | null;
  /** Bits; null without `-u`. */
  readonly status: number | null;
  /** Port behind a translation's address: `-n ADDRESS:PORT`. */
  readonly natPorts: { readonly src: number | null; readonly dst: number | null };
  /** What the tool warns of. */
  readonly warnings: string[] = [];

  constructor(request: Request) {
    this.request = request;
    const { options, ofProtocol } = request;
    this.protocol = request.protocol;
    const at = (name: Parameters<typeof options.get>[0], mask?: string) => {
      const text = options.get(name);
      return text === undefined || text === '' ? null : parseAddress(text, mask);
    };
    const [src, dst, any] = ['src-nat', 'dst-nat', 'any-nat'].map((name) =>
      splitPort(options.get(name as 'src-nat') ?? ''),
    );
    const nat = (text: string) => (text === '' ? null : parseAddress(text));
    this.addresses = {
      src: at('src', options.get('mask-src')),
      dst: at('dst', options.get('mask-dst')),
      replySrc: at('reply-src'),
      replyDst: at('reply-dst'),
      srcNat: nat(src!.address),
      dstNat: nat(dst!.address),
      anyNat: nat(any!.address),
    };
    this.natPorts = { src: src!.port, dst: dst!.port };
    this.family = this.familyOf(options.get('family'));
    this.state = parseState(ofProtocol.get('state'), request.protocol);
    this.status = this.parseStatus(options.get('status'));
  }

  /** As strtoul: what stands in front of anything else, 0 for nothing; hexadecimal with 0x. */
  number(text: string): number {
    return parseNumber(text);
  }

  private familyOf(named: string | undefined): 4 | 6 | null {
    let family: 4 | 6 | null = null;
    if (named !== undefined) {
      if (named !== 'ipv4' && named !== 'ipv6') throw new BadWords(`\`${named}' unsupported protocol`);
      family = named === 'ipv6' ? 6 : 4;
    }
    for (const address of Object.values(this.addresses) as (AddressWords | null)[]) {
      if (address === null) continue;
      if (family !== null && family !== address.family) throw new BadWords('mismatched address family');
      family = address.family;
    }
    return family;
  }

  private parseStatus(text: string | undefined): number | null {
    if (text === undefined) return null;
    let bits = 0;
    for (const name of text.split(',')) {
      const upper = name.toUpperCase();
      if (upper === 'SRC_NAT' || upper === 'DST_NAT') {
        const option = upper === 'SRC_NAT' ? '--src-nat' : '--dst-nat';
        this.warnings.push(`WARNING: ignoring ${upper}, use ${option} instead`);
      } else if (!STATUSES.has(upper)) throw new BadWords(`Bad parameter \`${text}'`);
      else bits |= STATUSES.get(upper)!;
    }
    return bits;
  }
}

/** Names of `-u`; UNSET is none of the others. In the order in which -o save prints them. */
export const STATUSES: ReadonlyMap<string, number> = new Map([
  ['SEEN_REPLY', CtStatus.SEEN_REPLY],
  ['ASSURED', CtStatus.ASSURED],
  ['FIXED_TIMEOUT', CtStatus.FIXED_TIMEOUT],
  ['EXPECTED', CtStatus.EXPECTED],
  ['OFFLOAD', CtStatus.OFFLOAD],
  ['UNSET', 0],
]);

/** With the mask that `/` or `--mask-src` gives. */
function parseAddress(text: string, maskText?: string): AddressWords {
  const [address = '', length, ...more] = text.split('/');
  const v4 = parseIp4(address);
  const v6 = v4 === undefined ? ip6Of(address) : undefined;
  if (v4 === undefined && v6 === undefined) throw new BadWords(`Invalid IP address \`${address}'`);
  const family = v4 === undefined ? 6 : 4;
  const words = v4 === undefined ? v6! : Int32Array.of(v4, 0, 0, 0);
  const bits = family === 4 ? 32 : 128;
  if (length !== undefined) {
    if (more.length > 0 || !/^\d+$/.test(length) || Number(length) > bits)
      throw new BadWords('Invalid netmask');
    return new AddressWords(family, words, prefixMask(Number(length)));
  }
  return new AddressWords(family, words, maskText === undefined ? prefixMask(bits) : parseMask(maskText));
}

function parseMask(text: string): Int32Array {
  const v4 = parseIp4(text);
  const words = v4 === undefined ? ip6Of(text) : Int32Array.of(v4, 0, 0, 0);
  if (words === undefined) throw new BadWords(`Invalid IP address \`${text}'`);
  return words;
}

function ip6Of(text: string): Int32Array | undefined {
  const words = new Int32Array(4);
  return parseIp6(text, words) ? words : undefined;
}

function prefixMask(length: number): Int32Array {
  return Int32Array.from({ length: 4 }, (_, i) => {
    const bits = Math.min(Math.max(length - i * 32, 0), 32);
    return bits === 0 ? 0 : -1 << (32 - bits);
  });
}

/** `1.2.3.4:80`, `[2001:db8::1]:80`, or an address alone. */
function splitPort(text: string): { readonly address: string; readonly port: number | null } {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text);
  if (match === null) return { address: text, port: null };
  return { address: match[1] ?? match[2]!, port: match[3] === undefined ? null : Number(match[3]) };
}

function parseState(text: string | undefined, protocol: number | null): number | null {
  if (text === undefined) return null;
  const names: readonly string[] =
    protocol === IPPROTO_TCP ? TCP_STATE_NAMES : protocol === IPPROTO_SCTP ? SCTP_STATE_NAMES : [];
  if (names.length === 0) return null;
  // LISTEN is another name of SYN_SENT2.
  const state = text === 'LISTEN' ? names.indexOf('SYN_SENT2') : names.indexOf(text);
  if (state < 0) {
    throw new BadWords(`unknown ${protocol === IPPROTO_TCP ? 'TCP' : 'SCTP'} state \`${text}'`);
  }
  return state;
}

export function parseNumber(text: string): number {
  const match = /^\s*(0[xX][0-9a-fA-F]+|\d+)/.exec(text);
  return match === null ? 0 : Number(match[1]);
}

/** `MARK` or `MARK/MASK`. */
export function parseMark(text: string): { readonly value: number; readonly mask: number } {
  const [value = '', mask] = text.split('/');
  return { value: parseNumber(value) | 0, mask: mask === undefined ? -1 : parseNumber(mask) | 0 };
}

export function parseZone(text: string): number {
  return parseNumber(text) & 0xffff;
}
