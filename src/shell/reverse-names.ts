/** What an address is called, by this machine's hosts file and name servers (getnameinfo(3)). */
import { lookupService } from 'node:dns/promises';

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
