/**
 * A gateway for captures that come without a description of theirs. Two interfaces, inside and outside, with the addresses
 * found inside routed to the one and everything else to the other; every next hop is taken to exist. In `--host` mode
 * one interface, with the host's addresses on it.
 *
 * The MTU is as large as it gets: the packets did pass where they were captured, and many a capture holds segments that
 * a network card had yet to cut. Addresses of the gateway itself are from the blocks for documentation (RFC 5737, 3849).
 */
import type { Ruleset } from '../netfilter/rule.ts';

export const DEFAULT_INSIDE = 'eth0';
export const DEFAULT_OUTSIDE = 'eth1';

const INSIDE_ADDRESSES = ['192.0.2.1/32', '2001:db8:1::1/128'];
const OUTSIDE_ADDRESSES = ['198.51.100.1/32', '2001:db8:2::1/128'];
const MTU = 65535;

export interface InterfaceNames {
  readonly inside: string;
  readonly outside: string;
}

/**
 * The names that the rules use: what they masquerade or translate sources on is outside, what they translate
 * destinations from is outside too; the other name of `-i` and `-o` is inside.
 */
export function namesFromRules(rulesets: readonly Ruleset[]): Partial<InterfaceNames> {
  const outside = new Map<string, number>();
  const all = new Set<string>();
  for (const { tables } of rulesets) {
    for (const [tableName, { chains }] of tables) {
      for (const { rules } of chains.values()) {
        for (const { inInterface, outInterface, target } of rules) {
          for (const iface of [inInterface, outInterface]) {
            if (iface !== null && isPlainName(iface.name)) all.add(iface.name);
          }
          if (tableName !== 'nat' || target.kind !== 'extension') continue;
          const leaving = ['SNAT', 'MASQUERADE'].includes(target.extension.name) ? outInterface : null;
          const arriving = target.extension.name === 'DNAT' ? inInterface : null;
          const named = leaving ?? arriving;
          if (named !== null && !named.not && isPlainName(named.name)) {
            outside.set(named.name, (outside.get(named.name) ?? 0) + 1);
          }
        }
      }
    }
  }
  const [outsideName] = [...outside].sort((a, b) => b[1] - a[1])[0] ?? [];
  const others = [...all].filter((name) => name !== outsideName && name !== 'lo');
  if (outsideName === undefined) return {};
  return others.length === 0 ? { outside: outsideName } : { outside: outsideName, inside: others[0]! };
}

function isPlainName(name: string): boolean {
  return !name.endsWith('+') && name !== 'lo';
}

/** Fills in what nobody said, such that the two names differ. */
export function completeNames(given: Partial<InterfaceNames>): InterfaceNames {
  const inside = given.inside ?? (given.outside === DEFAULT_INSIDE ? DEFAULT_OUTSIDE : DEFAULT_INSIDE);
  const outside = given.outside ?? (inside === DEFAULT_OUTSIDE ? DEFAULT_INSIDE : DEFAULT_OUTSIDE);
  return { inside, outside };
}

/** The gateway file that the user did not write, as a plain object. */
export function assumedGateway(names: InterfaceNames, insideNetworks: readonly string[]): object {
  return {
    interfaces: {
      [names.inside]: { addresses: INSIDE_ADDRESSES, mtu: MTU },
      [names.outside]: { addresses: OUTSIDE_ADDRESSES, mtu: MTU },
    },
    neighbours: 'assume',
    routes: [
      ...insideNetworks.map((to) => ({ to, dev: names.inside })),
      { to: '0.0.0.0/0', dev: names.outside },
      { to: '::/0', dev: names.outside },
    ],
  };
}

/** The same for a host that the capture was taken on. */
export function assumedHost(iface: string, addresses: readonly string[], mac: string | undefined): object {
  return {
    interfaces: { [iface]: { mac, addresses, mtu: MTU } },
    neighbours: 'assume',
    routes: [
      { to: '0.0.0.0/0', dev: iface },
      { to: '::/0', dev: iface },
    ],
    sysctl: { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0 },
  };
}
