/**
 * Routers' advertisements heeded (RFC 4861 6.3.4, RFC 4862 5.5.3; Linux: ndisc_router_discovery, addrconf_prefix_rcv): a default
 * route, the networks on the link, addresses of the host's own making (SLAAC), the hop limit. A host asks for them
 * (router_solicitations) when a device comes up; routers don't listen, unless accept_ra is 2.
 *
 * Not here: temporary addresses, default router preferences, route information, lifetimes of name servers.
 */
import { call } from '../base/call.ts';
import type { Timer } from '../base/clock.ts';
import { readI32 } from '../wire/bytes.ts';
import * as nd from '../wire/nd.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { networkOf, sameWords, type IpPrefix } from './address.ts';
import { isLinkLocal6, type OwnAddress } from './addresses.ts';
import type { Device } from './device.ts';
import { linkLocalOf } from './host-addressing.ts';
import type { Host } from './host.ts';
import { RouteOrigin, TABLE_MAIN, type Route } from './routing/route.ts';
import { ROUTE_TYPES } from './routing/route-types.ts';

const US_PER_SECOND = 1_000_000;
const INFINITE_SECONDS = 0xffffffff;
/** A lifetime is not cut below that by a message that anybody could have sent (RFC 4862 5.5.3 e). */
const TWO_HOURS_US = 7200 * US_PER_SECOND;
const DEFAULT_METRIC = 1024;
const PREFIX_METRIC = 256;
const AUTONOMOUS_LENGTH = 64;
const PREFIX_OPTION_LENGTH = 32;
const SOLICIT_INTERVAL_SECONDS = 4;
const MOST_INTERVAL_SECONDS = 3600;

export class RouterDiscovery {
  private readonly host: Host;
  private readonly timers = new Map<Route, Timer>();
  private readonly asking = new Map<Device, Timer>();

  constructor(host: Host) {
    this.host = host;
  }

  private setting(device: Device, name: string): number {
    const { sysctls } = this.host;
    const own = `net.ipv6.conf.${device.name}.${name}`;
    return sysctls.get(sysctls.isSet(own) ? own : `net.ipv6.conf.default.${name}`);
  }

  private isAccepted(device: Device): boolean {
    const accept = this.setting(device, 'accept_ra');
    return accept === 2 || (accept === 1 && !this.host.settings.v6(device).isRouter);
  }

  // ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A device is up: routers are asked, ever more seldom, until one answers. */
  ask(device: Device): void {
    const count = this.setting(device, 'router_solicitations');
    if (count === 0 || device.isLoopback || !device.hasEthernet || !this.isAccepted(device)) return;
    const { clock, rng } = this.host;
    this.asking.get(device)?.cancel();
    const first = call(this, 'askOnce', device, count, SOLICIT_INTERVAL_SECONDS);
    this.asking.set(device, clock.at(clock.now + rng.below(US_PER_SECOND), first));
  }

  /** The timer's: so many questions are left, the next after so many seconds. */
  askOnce(device: Device, left: number, seconds: number): void {
    const { clock, rng } = this.host;
    this.asking.delete(device);
    if (left === 0 || !device.up) return;
    this.host.enter();
    this.host.nd.solicitRouters(device);
    this.host.leave();
    // A tenth more or less, so that hosts do not ask in step (RFC 7559).
    const wait = Math.round(seconds * US_PER_SECOND * (0.9 + rng.below(201) / 1000));
    const next = call(this, 'askOnce', device, left - 1, Math.min(2 * seconds, MOST_INTERVAL_SECONDS));
    this.asking.set(device, clock.at(clock.now + wait, next));
  }

  // ── Hearing ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** True when the host goes by it. */
  receive(pkt: PacketBuffer, device: Device): boolean {
    if (!isLinkLocal6(pkt.src0) || !this.isAccepted(device)) return false;
    this.asking.get(device)?.cancel();
    this.asking.delete(device);
    const { bytes, l4, l3End } = pkt;
    const { host } = this;
    const { src0, src1, src2, src3 } = pkt;
    const neighbour = host.neighbours6.learn(device, src0, src1, src2, src3);
    if (neighbour !== undefined) {
      neighbour.isRouter = true;
      const linkAddress = nd.linkAddressAt(bytes, l4, l3End, nd.OPTION_SOURCE_LINK_ADDRESS);
      if (linkAddress >= 0) host.neighbours6.update(neighbour, bytes, linkAddress, false, true);
    }
    this.setDefault(device, Int32Array.of(src0, src1, src2, src3), nd.raLifetime(bytes, l4));
    const hopLimit = nd.raHopLimit(bytes, l4);
    const name = `net.ipv6.conf.${device.name}.hop_limit`;
    if (hopLimit !== 0 && host.settings.v6(device).hopLimit !== hopLimit) host.sysctls.set(name, hopLimit);
    let at = nd.optionsStart(bytes, l4);
    for (let length = 0; (length = nd.optionLength(bytes, at, l3End)) > 0; at += length) {
      const isPrefix = bytes[at] === nd.OPTION_PREFIX_INFORMATION && length === PREFIX_OPTION_LENGTH;
      if (isPrefix) this.prefix(device, bytes, at);
    }
    return true;
  }

  private setDefault(device: Device, router: Int32Array, seconds: number): void {
    const to: IpPrefix = { family: 6, words: new Int32Array(4), length: 0 };
    this.setRoute(device, to, router, DEFAULT_METRIC, seconds, RouteOrigin.RA);
  }

  /** Made, prolonged, or with a lifetime of 0 removed. */
  private setRoute(
    device: Device,
    to: IpPrefix,
    gateway: Int32Array | undefined,
    metric: number,
    seconds: number,
    origin: number,
  ): void {
    const { routes6, clock } = this.host;
    const known = routes6
      .all(TABLE_MAIN)
      .find(
        (route) =>
          route.isTo(to) &&
          route.device === device &&
          route.metric === metric &&
          (gateway === undefined ? !route.hasGateway : sameWords(route.gateway, gateway)),
      );
    // What was given by hand stays as it is.
    if (known !== undefined && known.expires === 0) return;
    if (known !== undefined) {
      this.timers.get(known)?.cancel();
      this.timers.delete(known);
      routes6.remove(known);
    }
    if (seconds === 0) return;
    const expires = seconds === INFINITE_SECONDS ? 0 : clock.now + seconds * US_PER_SECOND;
    const spec = {
      to,
      type: ROUTE_TYPES.unicast,
      table: TABLE_MAIN,
      device,
      gateway,
      metric,
      origin,
      expires,
    };
    const route = routes6.insert(spec);
    if (expires === 0) return;
    this.timers.set(route, clock.at(expires, call(this, 'expire', route)));
  }

  /** The timer's. */
  expire(route: Route): void {
    this.timers.delete(route);
    this.host.routes6.remove(route);
  }

  private prefix(device: Device, bytes: Uint8Array, at: number): void {
    const length = bytes[at + 2]!;
    const flags = bytes[at + 3]!;
    const valid = readI32(bytes, at + 4) >>> 0;
    const preferred = readI32(bytes, at + 8) >>> 0;
    if (preferred > valid || length > 128) return;
    const words = networkOf(
      Int32Array.from([0, 4, 8, 12], (i) => readI32(bytes, at + 16 + i)),
      length,
    );
    if (isLinkLocal6(words[0]!) || words[0]! >>> 24 === 0xff) return;
    const to: IpPrefix = { family: 6, words, length };
    if ((flags & nd.PREFIX_ON_LINK) !== 0) {
      this.setRoute(device, to, undefined, PREFIX_METRIC, valid, RouteOrigin.KERNEL);
    }
    const isOwn = (flags & nd.PREFIX_AUTONOMOUS) !== 0 && this.setting(device, 'autoconf') !== 0;
    if (isOwn && length === AUTONOMOUS_LENGTH) this.makeAddress(device, words, valid, preferred);
  }

  /** The network, and the interface identifier of the link-local address. */
  private makeAddress(device: Device, network: Int32Array, valid: number, preferred: number): void {
    const { clock, addresses, netlink } = this.host;
    const identifier = linkLocalOf(device).words;
    const words = Int32Array.of(network[0]!, network[1]!, identifier[2]!, identifier[3]!);
    const end = (seconds: number) =>
      seconds === INFINITE_SECONDS ? Infinity : clock.now + seconds * US_PER_SECOND;
    const known = addresses.withTentative(device).find((own) => sameWords(own.words, words));
    if (known === undefined) {
      if (valid === 0) return;
      netlink.addresses.give({ family: 6, words, length: AUTONOMOUS_LENGTH }, device, {
        validUntil: end(valid),
        preferredUntil: end(preferred),
        isDynamic: true,
        fromAdvertisement: true,
        noPrefixRoute: true,
      });
      return;
    }
    if (!known.isDynamic) return;
    this.prolong(known, end(valid), end(preferred));
  }

  private prolong(own: OwnAddress, validUntil: number, preferredUntil: number): void {
    const { now } = this.host.clock;
    const left = own.validUntil - now;
    if (validUntil - now > TWO_HOURS_US || validUntil > own.validUntil) own.validUntil = validUntil;
    else if (left > TWO_HOURS_US) own.validUntil = now + TWO_HOURS_US;
    own.preferredUntil = preferredUntil;
    this.host.netlink.addresses.schedule(own);
  }
}
