/**
 * Duplicate address detection (RFC 4862 5.4, RFC 7527; Linux: addrconf_dad_work): an IPv6 address that is given to a host while
 * it lives is asked for first, and is the host's only when nobody answers. What a configuration gives it has been his
 * for long. For IPv4 there is none; addresses are announced where arp_notify says so.
 */
import { call } from '../base/call.ts';
import type { Timer } from '../base/clock.ts';
import { sameWords } from './address.ts';
import type { OwnAddress } from './addresses.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';

const US_PER_MS = 1000;
/** rtr_solicit_delay: the first question comes within a second, so that not all come at once. */
const MOST_DELAY_MS = 1000;
const NONCE_LENGTH = 6;

interface Pending {
  readonly own: OwnAddress;
  readonly onUnique: () => void;
  timer: Timer | null;
  left: number;
  nonce: Uint8Array;
}

export class DuplicateDetection {
  private readonly host: Host;
  private readonly pending: Pending[] = [];

  constructor(host: Host) {
    this.host = host;
  }

  /** Addresses are asked for, or have been in vain. */
  get isWaiting(): boolean {
    return this.pending.length > 0;
  }

  /** Does the device ask at all? */
  isOn(device: Device): boolean {
    const { sysctls } = this.host;
    const own = (name: string) => {
      const key = `net.ipv6.conf.${device.name}.${name}`;
      return sysctls.get(sysctls.isSet(key) ? key : `net.ipv6.conf.default.${name}`);
    };
    // That of all interfaces is 0 until somebody sets it.
    const all = 'net.ipv6.conf.all.accept_dad';
    const isAccepted = own('accept_dad') > 0 || (sysctls.isSet(all) && sysctls.get(all) > 0);
    return isAccepted && own('dad_transmits') > 0 && !device.isLoopback && device.hasEthernet && device.up;
  }

  /** @param onUnique - nobody has it: it is the host's from now on */
  start(own: OwnAddress, onUnique: () => void): void {
    const { clock, rng, addresses, sysctls } = this.host;
    own.isTentative = true;
    addresses.tentative.push(own);
    const name = `net.ipv6.conf.${own.device.name}.dad_transmits`;
    const left = sysctls.get(sysctls.isSet(name) ? name : 'net.ipv6.conf.default.dad_transmits');
    const nonce = Uint8Array.from({ length: NONCE_LENGTH }, () => rng.below(256));
    const entry: Pending = { own, onUnique, left, nonce, timer: null };
    this.pending.push(entry);
    entry.timer = clock.at(clock.now + rng.below(MOST_DELAY_MS) * US_PER_MS, call(this, 'ask', entry));
  }

  /** The timer's. */
  ask(entry: Pending): void {
    const { host } = this;
    if (entry.left === 0) return this.unique(entry);
    entry.left--;
    const { own, nonce } = entry;
    host.enter();
    host.nd.solicitUnused(own.device, own.words, nonce);
    host.leave();
    const wait = host.neighbours6.setting('retrans_time_ms') * US_PER_MS;
    entry.timer = host.clock.at(host.clock.now + wait, call(this, 'ask', entry));
  }

  private unique(entry: Pending): void {
    this.drop(entry);
    entry.own.isTentative = false;
    entry.onUnique();
  }

  private drop(entry: Pending): void {
    entry.timer?.cancel();
    this.pending.splice(this.pending.indexOf(entry), 1);
    const { tentative } = this.host.addresses;
    const at = tentative.indexOf(entry.own);
    if (at >= 0) tentative.splice(at, 1);
  }

  /**
   * Somebody has the address, or asks for it as well (`nonce` tells our own question, come back). True when it was one of
   * those that are asked for.
   */
  heard(device: Device, words: Int32Array, nonce: Uint8Array | undefined): boolean {
    const entry = this.pending.find(({ own }) => own.device === device && sameWords(own.words, words));
    if (entry === undefined) return false;
    if (nonce !== undefined && nonce.every((byte, i) => byte === entry.nonce[i])) return true;
    entry.timer?.cancel();
    this.pending.splice(this.pending.indexOf(entry), 1);
    // It stays, marked, until somebody takes it away.
    entry.own.dadFailed = true;
    return true;
  }

  /** The address is taken away before it was the host's. True when it was not yet. */
  forget(own: OwnAddress): boolean {
    const entry = this.pending.find((one) => one.own === own);
    if (entry !== undefined) {
      this.drop(entry);
      return true;
    }
    const { tentative } = this.host.addresses;
    const at = tentative.indexOf(own);
    if (at >= 0) tentative.splice(at, 1);
    return at >= 0;
  }
}
