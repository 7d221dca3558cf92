/** Names and addresses by this machine's hosts file and name servers (getaddrinfo(3), getnameinfo(3)). */
import { lookup, lookupService } from 'node:dns/promises';
import type { Family } from '../netfilter/hook.ts';

/** The result has to have a port; none is asked for. */
const NO_PORT = 0;

/** Null for an address without a name. */
export async function hostNameOf(address: string): Promise<string | null> {
  try {
    const { hostname } = await lookupService(address, NO_PORT);
    return hostname === address ? null : hostname;
  } catch {
    // No name, or nobody to be asked: iptables shows the address then.
    return null;
  }
}

/** None where the name is not known. */
export async function addressesOfHost(name: string, family: Family): Promise<readonly string[]> {
  const found = await lookup(name, { family, all: true }).catch(() => []);
  return found.map(({ address }) => address);
}
