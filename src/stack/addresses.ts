/**
 * The host's own addresses: which there are, on which device, and which of them a packet of the host's own comes from
 * (IPv4: inet_select_addr; IPv6: RFC 6724, section 5, as ipv6_dev_get_saddr applies it).
 */
import type { Family } from '../netfilter/hook.ts';
import { maskWord } from '../wire/address.ts';
import { addressBits, networkOf, sameWords, type IpPrefix } from './address.ts';
import type { Device } from './device.ts';

/** RT_SCOPE_* of rtnetlink(7): how far an address is good. */
export const Scope = { UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const;

/** What an address may be given besides itself (ip-address(8)). */
export interface AddressOptions {
  /** The other end of a point-to-point link; the network is then its. */
  readonly peer?: Int32Array | undefined;
  readonly broadcast?: number | undefined;
  readonly label?: string | undefined;
  readonly scope?: number | undefined;
  readonly noPrefixRoute?: boolean | undefined;
  readonly noDad?: boolean | undefined;
  /** Came with a router advertisement. */
  readonly isDynamic?: boolean | undefined;
  readonly fromAdvertisement?: boolean | undefined;
  /** Times of the clock from when on it is not used for new connections, and not at all. */
  readonly preferredUntil?: number | undefined;
  readonly validUntil?: number | undefined;
}

export class OwnAddress {
  readonly family: Family;
  readonly words: Int32Array;
  readonly length: number;
  readonly device: Device;
  readonly scope: number;
  /** IPv4: an earlier address of the device has the same network; never chosen as a source by itself. */
  secondary: boolean;
  readonly peer: Int32Array | undefined;
  /** IPv4: 0 for none that was named. */
  readonly broadcast: number;
  readonly label: string;
  readonly hasPrefixRoute: boolean;
  readonly noDad: boolean;
  readonly isDynamic: boolean;
  preferredUntil: number;
  validUntil: number;
  isDeprecated: boolean;
  /** Made from the prefix of a router advertisement (SLAAC). */
  readonly fromAdvertisement: boolean;
  /** IPv6: not yet known to be nobody else's (RFC 4862 5.4); until then it is not the host's. */
  isTentative: boolean;
  dadFailed: boolean;

  constructor(prefix: IpPrefix, device: Device, secondary: boolean, options: AddressOptions) {
    this.family = prefix.family;
    this.words = prefix.words;
    this.length = prefix.length;
    this.device = device;
    this.scope = options.scope ?? addressScope(prefix);
    this.secondary = secondary;
    this.peer = options.peer;
    this.broadcast = options.broadcast ?? 0;
    this.label = options.label ?? device.name;
    this.hasPrefixRoute = options.noPrefixRoute !== true;
    this.noDad = options.noDad ?? false;
    this.isDynamic = options.isDynamic ?? false;
    this.preferredUntil = options.preferredUntil ?? Infinity;
    this.validUntil = options.validUntil ?? Infinity;
    this.isDeprecated = false;
    this.fromAdvertisement = options.fromAdvertisement ?? false;
    this.isTentative = false;
    this.dadFailed = false;
  }

  /** True when the address lies in the network of this one. */
  contains(w0: number, w1: number, w2: number, w3: number): boolean {
    const own = this.peer ?? this.words;
    const length = this.length;
    return (
      ((own[0]! ^ w0) & maskWord(length, 0)) === 0 &&
      ((own[1]! ^ w1) & maskWord(length, 1)) === 0 &&
      ((own[2]! ^ w2) & maskWord(length, 2)) === 0 &&
      ((own[3]! ^ w3) & maskWord(length, 3)) === 0
    );
  }

  equals(w0: number, w1: number, w2: number, w3: number): boolean {
    const own = this.words;
    return own[0] === w0 && own[1] === w1 && own[2] === w2 && own[3] === w3;
  }
}

export class AddressTable {
  readonly all: OwnAddress[] = [];
  /** Not the host's yet, in the order in which they came. */
  readonly tentative: OwnAddress[] = [];
  /** IPv4 addresses in ascending order as signed integers, for the check that every packet's source gets. */
  private sorted4 = new Int32Array(0);

  add(prefix: IpPrefix, device: Device, options: AddressOptions = {}): OwnAddress {
    const network = networkOf(options.peer ?? prefix.words, prefix.length);
    const secondary =
      prefix.family === 4 &&
      this.of(device, 4).some(
        (own) =>
          own.length === prefix.length && sameWords(networkOf(own.peer ?? own.words, own.length), network),
      );
    const own = new OwnAddress(prefix, device, secondary, options);
    this.all.push(own);
    this.changed();
    return own;
  }

  remove(own: OwnAddress): void {
    const at = this.all.indexOf(own);
    if (at >= 0) this.all.splice(at, 1);
    this.changed();
  }

  changed(): void {
    const words = this.all.filter(({ family }) => family === 4).map((own) => own.words[0]!);
    this.sorted4 = Int32Array.from(words).sort();
  }

  /** Hot: is this IPv4 address one of the host's? */
  isOwn4(address: number): boolean {
    const sorted = this.sorted4;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const value = sorted[middle]!;
      if (value === address) return true;
      if (value < address) low = middle + 1;
      else high = middle;
    }
    return false;
  }

  /** The own address equal to this one, optionally on one device only. */
  find(
    family: Family,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    device?: Device,
  ): OwnAddress | undefined {
    return this.all.find(
      (own) =>
        own.family === family &&
        own.equals(w0, w1, w2, w3) &&
        (device === undefined || own.device === device),
    );
  }

  of(device: Device, family: Family): OwnAddress[] {
    return this.all.filter((own) => own.device === device && own.family === family);
  }

  /** IPv6 addresses of the device, with those that are not the host's yet. */
  withTentative(device: Device): OwnAddress[] {
    return [...this.of(device, 6), ...this.tentative.filter((own) => own.device === device)];
  }

  /** inet_select_addr: the primary address of the device in the network of `towards` (0: any), else its first, else another's. */
  select4(device: Device, towards: number, scope: number): number {
    let first = 0;
    for (const own of this.all) {
      if (own.device !== device || own.family !== 4 || own.secondary || own.scope > scope) continue;
      if (towards === 0 || own.contains(towards, 0, 0, 0)) return own.words[0]!;
      if (first === 0) first = own.words[0]!;
    }
    if (first !== 0) return first;
    for (const own of this.all) {
      if (own.family !== 4 || own.secondary || own.scope === Scope.LINK || own.scope > scope) continue;
      return own.words[0]!;
    }
    return 0;
  }

  /** RFC 6724 section 5: the source towards `dst` through `device`; undefined when there is none. */
  select6(device: Device, dst: Int32Array): Int32Array | undefined {
    const dstScope = isUnspecified6(dst) ? NO_SCOPE_6 : scope6(dst);
    const onlyThatDevice = dstScope <= LINK_LOCAL_6 || isMulticast6(dst);
    let best: OwnAddress | undefined;
    for (const own of this.all) {
      if (own.family !== 6 || (onlyThatDevice && own.device !== device)) continue;
      if (best === undefined || this.isBetter6(own, best, dst, dstScope, device)) best = own;
    }
    return best?.words;
  }

  private isBetter6(
    a: OwnAddress,
    b: OwnAddress,
    dst: Int32Array,
    dstScope: number,
    device: Device,
  ): boolean {
    // Rule 1: the destination itself.
    if (sameWords(a.words, dst) !== sameWords(b.words, dst)) return sameWords(a.words, dst);
    // Rule 2: the smallest scope that reaches, else the largest there is.
    const scopeA = scope6(a.words);
    const scopeB = scope6(b.words);
    if (scopeA !== scopeB) return scopeA < scopeB ? scopeA >= dstScope : scopeB < dstScope;
    // Rule 3: what is not deprecated.
    if (a.isDeprecated !== b.isDeprecated) return b.isDeprecated;
    // Rule 5: the outgoing interface. (Rule 4 is about home addresses.)
    if ((a.device === device) !== (b.device === device)) return a.device === device;
    // Rule 6: the same label as the destination's.
    const label = label6(dst);
    if ((label6(a.words) === label) !== (label6(b.words) === label)) return label6(a.words) === label;
    // Rule 8: the longest prefix in common, no longer than the address's own.
    const commonA = Math.min(commonPrefix(a.words, dst), a.length);
    const commonB = Math.min(commonPrefix(b.words, dst), b.length);
    // Among equals of one interface the newest, `a`.
    return commonA === commonB ? a.device === b.device : commonA > commonB;
  }
}

function addressScope(prefix: IpPrefix): number {
  const first = prefix.words[0]!;
  if (prefix.family === 4) return first >>> 24 === 127 ? Scope.HOST : Scope.UNIVERSE;
  if (isLoopback6(prefix.words)) return Scope.HOST;
  return isLinkLocal6(first) ? Scope.LINK : Scope.UNIVERSE;
}

// ── Kinds of IPv6 addresses ─────────────────────────────────────────────────────────────────────────────────────

export function isMulticast6(words: Int32Array): boolean {
  return words[0]! >>> 24 === 0xff;
}

/** fe80::/10, by the first word. */
export function isLinkLocal6(w0: number): boolean {
  return (w0 & 0xffc00000) === (0xfe800000 | 0);
}

function isLoopback6(words: Int32Array): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
}

function isUnspecified6(words: Int32Array): boolean {
  return (words[0]! | words[1]! | words[2]! | words[3]!) === 0;
}

/** What the unspecified address has: smaller than every other. */
const NO_SCOPE_6 = -1;
const LINK_LOCAL_6 = 2;
const SITE_LOCAL_6 = 5;
const GLOBAL_6 = 14;

/** Scope as the four bits that multicast addresses carry (RFC 4291 2.7). */
function scope6(words: Int32Array): number {
  if (isMulticast6(words)) return (words[0]! >>> 16) & 15;
  if (isLinkLocal6(words[0]!) || isLoopback6(words)) return LINK_LOCAL_6;
  return (words[0]! & 0xffc00000) === (0xfec00000 | 0) ? SITE_LOCAL_6 : GLOBAL_6;
}

/** The labels of RFC 6724 section 2.1, in the kernel's numbering (net/ipv6/addrlabel.c's table): longest prefix first. */
function label6(words: Int32Array): number {
  const [w0, w1, w2] = [words[0]! >>> 0, words[1]!, words[2]!];
  if (isLoopback6(words)) return 0;
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return 4;
  if (w0 === 0 && w1 === 0 && w2 === 0) return 3;
  if (w0 === 0x20010000) return 6;
  if (w0 >>> 4 === 0x2001001) return 7;
  if (w0 >>> 16 === 0x3ffe) return 12;
  if (w0 >>> 16 === 0x2002) return 2;
  if (w0 >>> 22 === 0xfec00000 >>> 22) return 11;
  if (w0 >>> 25 === 0xfc000000 >>> 25) return 5;
  return 1;
}

function commonPrefix(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < addressBits(6) / 32; i++) {
    const difference = a[i]! ^ b[i]!;
    if (difference !== 0) return 32 * i + Math.clz32(difference);
  }
  return addressBits(6);
}
