/** Which name an address was asked for last, out of the answers that guests got: for logs, since packets bear no names. */
import type { ResolvedAddress } from './resolved-addresses.ts';

/** Addresses that are remembered; the one learned longest ago goes first. */
const MOST = 4096;

export class LearnedNames {
  private readonly byAddress = new Map<string, string>();

  learn(name: string, addresses: readonly ResolvedAddress[]): void {
    for (const { address } of addresses) {
      this.byAddress.delete(address);
      this.byAddress.set(address, name);
      if (this.byAddress.size > MOST) this.byAddress.delete(this.byAddress.keys().next().value!);
    }
  }

  of(address: string): string | undefined {
    return this.byAddress.get(address);
  }
}
