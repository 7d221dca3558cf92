/**
 * From elements as they are written to the words of a hash, one for each element that a range stands for; and what Linux
 * refuses of them. Linux: the uadt functions of ip_set_hash_*.c.
 */
import type { ElementSpec } from './element.ts';
import { networkEnds, networksOf } from './address-range.ts';
import { cutAddress, putAddress, setField, swapPort, type ElementLayout } from './element-layout.ts';
import { hasPorts } from './packet-element.ts';
import { refuse } from './set-error.ts';
import { swap } from '../nat/jenkins.ts';
import type { SetType } from './set-types.ts';
import type { SetSettings } from './settings.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

export class ElementWriter {
  readonly element: Int32Array;
  private readonly type: SetType;
  private readonly settings: SetSettings;
  private readonly layout: ElementLayout;
  private readonly hostPrefix: number;
  /** May a network be that of all addresses? */
  private readonly takesWhole: boolean;

  constructor(type: SetType, settings: SetSettings, layout: ElementLayout) {
    this.element = new Int32Array(layout.words);
    this.type = type;
    this.settings = settings;
    this.layout = layout;
    this.hostPrefix = settings.family === 4 ? 32 : 128;
    this.takesWhole = ['hash:net,iface', 'hash:net,net', 'hash:net,port,net'].includes(type.name);
  }

  /** Puts every element that is meant into `element`, and calls `visit` after each. */
  each(spec: ElementSpec, visit: () => void): void {
    this.begin(spec);
    this.eachAddress(spec, 0, visit);
  }

  /** Puts the one element that a test is about into `element`. */
  first(spec: ElementSpec): void {
    this.begin(spec);
    spec.addresses.forEach((address, i) => {
      const field = this.layout.prefixes[i]!;
      this.checkPrefix(address.prefix, field !== null);
      const [w0, w1, w2, w3] = address.first as unknown as [number, number, number, number];
      putAddress(this.element, this.layout, i, w0, w1, w2, w3);
      if (field === null) return;
      setField(this.element, field, address.prefix ?? this.hostPrefix);
      cutAddress(this.element, this.layout, i, address.prefix ?? this.hostPrefix);
    });
    this.putPort(spec, spec.port?.first ?? 0);
    this.applyMasks();
    if (this.isForbidden()) throw refuse('NULL_ELEMENT');
  }

  /** Cuts addresses as the set was told to keep them. */
  applyMasks(): void {
    const { netmask, bitmask } = this.settings;
    for (let i = 0; i < this.layout.addresses.length; i++) {
      if (netmask !== null) cutAddress(this.element, this.layout, i, netmask);
      if (bitmask !== null) this.maskAddress(i, bitmask);
    }
  }

  /** An element of zeros, which Linux does not keep in a hash of addresses. */
  isForbidden(): boolean {
    if (this.type.name !== 'hash:ip' && this.type.name !== 'hash:mac') return false;
    for (let i = 0; i < this.element.length; i++) if (this.element[i] !== 0) return false;
    return true;
  }

  private begin(spec: ElementSpec): void {
    const { element, layout } = this;
    element.fill(0);
    if (layout.constant !== null) setField(element, layout.constant, 1);
    if (layout.mark !== null)
      setField(element, layout.mark, ((spec.mark ?? 0) & this.settings.markmask) >>> 0);
    if (layout.physdev !== null && spec.iface?.physdev === true) setField(element, layout.physdev, 1);
    if (layout.mac !== null) {
      const [low, high] = spec.mac ?? [0, 0];
      if (low === 0 && high === 0) throw refuse('NULL_ELEMENT');
      element[layout.mac] = low;
      element[layout.mac + 1] = high;
    }
  }

  private eachAddress(spec: ElementSpec, which: number, visit: () => void): void {
    if (which === spec.addresses.length) {
      if (spec.addresses.length < 2) this.eachPort(spec, visit);
      else this.finish(visit);
      return;
    }
    // The port stands between two addresses, and is counted up there.
    const next = () =>
      which === 0 && spec.addresses.length === 2
        ? this.eachPort(spec, () => this.eachAddress(spec, 1, visit), true)
        : this.eachAddress(spec, which + 1, visit);
    if (this.layout.prefixes[which] === null) this.eachHost(spec, which, next);
    else this.eachNetwork(spec, which, next);
  }

  private eachHost(spec: ElementSpec, which: number, next: () => void): void {
    const { first, last, prefix } = spec.addresses[which]!;
    this.checkPrefix(prefix, false);
    if (this.settings.family === 6) {
      putAddress(this.element, this.layout, which, first[0]!, first[1]!, first[2]!, first[3]!);
      next();
      return;
    }
    const [from, to] = ends(first, last, prefix);
    const step = this.settings.netmask === null ? 1 : 2 ** (32 - this.settings.netmask);
    for (let at = Math.floor(from / step) * step; at <= to; at += step) {
      putAddress(this.element, this.layout, which, at | 0, 0, 0, 0);
      next();
    }
  }

  private eachNetwork(spec: ElementSpec, which: number, next: () => void): void {
    const { first, last, prefix } = spec.addresses[which]!;
    this.checkPrefix(prefix, true);
    const field = this.layout.prefixes[which]!;
    if (last === null || this.settings.family === 6) {
      const length = prefix ?? this.hostPrefix;
      putAddress(this.element, this.layout, which, first[0]!, first[1]!, first[2]!, first[3]!);
      cutAddress(this.element, this.layout, which, length);
      setField(this.element, field, length);
      next();
      return;
    }
    const [from, to] = ends(first, last, null);
    if (from === 0 && to === 2 ** 32 - 1) throw refuse('WHOLE_SPACE');
    for (const [address, length] of networksOf(from, to)) {
      putAddress(this.element, this.layout, which, address | 0, 0, 0, 0);
      setField(this.element, field, length);
      next();
    }
  }

  /** `inside`: a second address follows, so the element is not done yet. */
  private eachPort(spec: ElementSpec, next: () => void, inside = false): void {
    const done = inside ? next : () => this.finish(next);
    if (this.layout.port === null) {
      done();
      return;
    }
    const { first, last, protocol } = spec.port!;
    const isRange = last !== null && hasPorts(protocol);
    const [from, to] = !isRange ? [first, first] : last < first ? [last, first] : [first, last];
    for (let port = from; port <= to; port++) {
      this.putPort(spec, port);
      done();
    }
  }

  private putPort({ port }: ElementSpec, number: number): void {
    if (this.layout.port === null || port === null) return;
    const { protocol } = port;
    const keeps = hasPorts(protocol) || protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6;
    setField(this.element, this.layout.port, keeps ? swapPort(number) : 0);
    setField(this.element, this.layout.protocol!, protocol);
  }

  private finish(visit: () => void): void {
    this.applyMasks();
    if (this.isForbidden()) throw refuse('NULL_ELEMENT');
    visit();
  }

  private checkPrefix(prefix: number | null, isNetwork: boolean): void {
    if (prefix === 0 && !(isNetwork && this.takesWhole)) throw refuse('BAD_CIDR');
  }

  private maskAddress(which: number, mask: Int32Array): void {
    const at = this.layout.addresses[which]!;
    const width = this.settings.family === 4 ? 1 : 4;
    for (let i = 0; i < width; i++) this.element[at + i]! &= swap(mask[i]!);
  }
}

/** First and last IPv4 address, unsigned, in their order. */
function ends(first: Int32Array, last: Int32Array | null, prefix: number | null): readonly [number, number] {
  const from = first[0]! >>> 0;
  if (last === null) return prefix === null ? [from, from] : networkEnds(from, prefix);
  const to = last[0]! >>> 0;
  return from <= to ? [from, to] : [to, from];
}
