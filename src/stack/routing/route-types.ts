/** Route types of `ip route`, under the kernel's RTN_* numbers. */
import { AddressType } from '../../netfilter/host-services.ts';

export const ROUTE_TYPES = {
  unicast: AddressType.UNICAST,
  local: AddressType.LOCAL,
  broadcast: AddressType.BROADCAST,
  anycast: AddressType.ANYCAST,
  multicast: AddressType.MULTICAST,
  blackhole: AddressType.BLACKHOLE,
  unreachable: AddressType.UNREACHABLE,
  prohibit: AddressType.PROHIBIT,
  throw: AddressType.THROW,
} as const;
export type RouteType = (typeof ROUTE_TYPES)[keyof typeof ROUTE_TYPES];

export function routeTypeName(type: RouteType): string {
  return Object.entries(ROUTE_TYPES).find(([, value]) => value === type)![0];
}
