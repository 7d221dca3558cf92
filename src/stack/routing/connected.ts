/**
 * The routes that an own address brings with it (Linux: fib_add_ifaddr, addrconf_add_dev and the like): to itself, to its
 * network, and to the network's broadcast or subnet-router address.
 */
import { maskWord } from '../../wire/address.ts';
import { addressBits, networkOf, type IpPrefix } from '../address.ts';
import { Scope, type AddressTable, type OwnAddress } from '../addresses.ts';
import { RouteOrigin, TABLE_LOCAL, TABLE_MAIN, type RouteSpec } from './route.ts';
import { ROUTE_TYPES, type RouteType } from './route-types.ts';

/** Metric of the prefix routes that IPv6 addresses bring (IP6_RT_PRIO_ADDRCONF). */
const IPV6_ADDRESS_METRIC = 256;

/** @param isRouter - IPv6: the host answers to the subnet-router anycast address */
export function connectedRoutes(own: OwnAddress, addresses: AddressTable, isRouter: boolean): RouteSpec[] {
  const { family, device } = own;
  const bits = addressBits(family);
  const source = family === 4 ? primaryOf(own, addresses) : undefined;
  const local = (to: IpPrefix, type: RouteType): RouteSpec => ({
    to,
    type,
    table: TABLE_LOCAL,
    device,
    source,
    origin: RouteOrigin.KERNEL,
    scope: type === ROUTE_TYPES.local ? Scope.HOST : Scope.LINK,
  });
  const routes = [local({ family, words: own.words, length: bits }, ROUTE_TYPES.local)];
  const network = { family, words: networkOf(own.peer ?? own.words, own.length), length: own.length };
  const broadcast = (): RouteSpec =>
    local(
      { family: 4, words: Int32Array.of(network.words[0]! | ~maskWord(own.length, 0), 0, 0, 0), length: 32 },
      ROUTE_TYPES.broadcast,
    );
  if (device.isLoopback) {
    if (family === 4 && own.length < 32) routes.push(local(network, ROUTE_TYPES.local), broadcast());
    return routes;
  }
  if (own.secondary || own.scope === Scope.LINK || !own.hasPrefixRoute) return routes;
  if (family === 4 && own.length === bits && own.peer === undefined) return routes;
  if (device.up) {
    routes.push({
      to: network,
      type: ROUTE_TYPES.unicast,
      table: TABLE_MAIN,
      device,
      source,
      metric: family === 6 ? IPV6_ADDRESS_METRIC : 0,
      origin: RouteOrigin.KERNEL,
      scope: Scope.LINK,
    });
  }
  // The last address of a network is its broadcast address; networks of two have none (RFC 3021).
  if (family === 4 && own.length < 31) routes.push(broadcast());
  // The subnet-router anycast address (RFC 4291 2.6.1).
  if (family === 6 && isRouter && own.length < 127) {
    routes.push(local({ ...network, length: bits }, ROUTE_TYPES.anycast));
  }
  return routes;
}

/** The first address of the same network on the device: a secondary address lends its network the primary's. */
function primaryOf(own: OwnAddress, addresses: AddressTable): Int32Array {
  if (!own.secondary) return own.words;
  const [w0, w1, w2, w3] = own.words;
  const primary = addresses
    .of(own.device, 4)
    .find((other) => !other.secondary && other.length === own.length && other.contains(w0!, w1!, w2!, w3!));
  return primary?.words ?? own.words;
}
