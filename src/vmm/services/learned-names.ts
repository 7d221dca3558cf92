/** Which name an address was asked for last, out of the answers that guests got: for logs, since packets bear no names. */
import type { Answer } from 'dns-packet';

/** Addresses that are remembered; the one learned longest ago goes first. */
const MOST = 4096;

export class LearnedNames {
  private readonly byAddress = new Map<string, string>();

  learn(name: string, answers: readonly Answer[]): void {
    for (const answer of answers) {
      if (answer.type !== 'A' && answer.type !== 'AAAA') continue;
      this.byAddress.delete(answer.data);
      this.byAddress.set(answer.data, name);
      if (this.byAddress.size > MOST) this.byAddress.delete(this.byAddress.keys().next().value!);
    }
  }

  of(address: string): string | undefined {
    return this.byAddress.get(address);
  }
}
