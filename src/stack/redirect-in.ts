/**
 * Redirects that arrive (RFC 1122 3.2.2.2, RFC 4861 8.3; Linux: __ip_do_redirect, rt6_do_redirect): believed only from the
 * very router that the host now uses for the destination, and only about a next hop on the same link.
 */
import { AddressType } from '../netfilter/host-services.ts';
import { readI32 } from '../wire/bytes.ts';
import * as icmp from '../wire/icmp.ts';
import * as ipv4 from '../wire/ipv4.ts';
import * as nd from '../wire/nd.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { isLinkLocal6 } from './addresses.ts';
import type { Device } from './device.ts';
import type { Host } from './host.ts';

const CODES = 4;

/** True when the host goes by it from now on. */
export function receiveRedirect4(host: Host, pkt: PacketBuffer, device: Device): boolean {
  const { bytes, l4, l3End } = pkt;
  const inner = icmp.innerAt(l4);
  if (inner + ipv4.HEADER_LENGTH > l3End || icmp.code(bytes, l4) >= CODES) return false;
  const gateway = icmp.gateway(bytes, l4);
  const destination = ipv4.dst(bytes, inner);
  const settings = host.settings.v4(device);
  if (!settings.acceptRedirects || gateway === pkt.src0) return false;
  if (host.addressType(4, gateway, 0, 0, 0, 0) !== AddressType.UNICAST || gateway === 0) return false;
  if (!settings.sharedMedia && !isOnLink(host, device, gateway, pkt.src0)) return false;
  const words = Int32Array.of(destination, 0, 0, 0);
  const route = host.routes4.lookupThrough(device, words);
  const known = host.redirects.find(destination, 0, 0, 0, device);
  const now = known === undefined ? route?.gateway[0] : known.gateway[0];
  if (route === undefined || !route.hasGateway || now !== pkt.src0) return false;
  // A next hop that nobody knows yet is asked for first; the redirect counts when it comes again.
  if (!host.neighbours4.inquire(device, gateway, 0, 0, 0)) return false;
  host.redirects.learn(words, Int32Array.of(gateway, 0, 0, 0), device);
  return true;
}

function isOnLink(host: Host, device: Device, gateway: number, router: number): boolean {
  return host.addresses
    .of(device, 4)
    .some((own) => own.contains(gateway, 0, 0, 0) && own.contains(router, 0, 0, 0));
}

export function receiveRedirect6(host: Host, pkt: PacketBuffer, device: Device): boolean {
  const { bytes, l4, l3End } = pkt;
  if (!isLinkLocal6(pkt.src0) || !host.settings.v6(device).acceptRedirects) return false;
  const at = nd.targetAt(l4);
  const wordsAt = (offset: number) => Int32Array.from([0, 4, 8, 12], (i) => readI32(bytes, offset + i));
  const target = wordsAt(at);
  const destination = wordsAt(at + 16);
  const [t0, t1, t2, t3] = target as unknown as [number, number, number, number];
  const [d0, d1, d2, d3] = destination as unknown as [number, number, number, number];
  if (d0 >>> 24 === 0xff) return false;
  const isNeighbour = target.every((word, i) => word === destination[i]);
  if (!isNeighbour && !isLinkLocal6(t0)) return false;
  const route = host.routes6.lookup(d0, d1, d2, d3);
  const known = host.redirects.find(d0, d1, d2, d3, device);
  const way = known ?? (route?.device === device && route.hasGateway ? route : undefined);
  const isRouter = [pkt.src0, pkt.src1, pkt.src2, pkt.src3].every((word, i) => word === way?.gateway[i]);
  if (!isRouter) return false;
  const neighbour = host.neighbours6.learn(device, t0, t1, t2, t3);
  if (neighbour === undefined) return false;
  if (!isNeighbour) neighbour.isRouter = true;
  const linkAddress = nd.linkAddressAt(bytes, l4, l3End, nd.OPTION_TARGET_LINK_ADDRESS);
  if (linkAddress >= 0) host.neighbours6.update(neighbour, bytes, linkAddress, false, true);
  host.redirects.learn(destination, target, device);
  return true;
}
