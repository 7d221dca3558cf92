/**
 * Names in place of addresses (`-s www.example.org`). Reading a rule can't wait for an answer, so it fails at a name that
 * was not looked up yet; the names are then looked up, and the rule is read again.
 */
import type { Family } from '../netfilter/hook.ts';
import type { Resolver } from '../netfilter/syntax/index.ts';

export class HostNames {
  private readonly known = new Map<string, readonly string[]>();
  private readonly wanted = new Map<string, readonly [name: string, family: Family]>();

  readonly resolve: Resolver = (name, family) => {
    const key = `${family} ${name}`;
    const addresses = this.known.get(key);
    if (addresses === undefined) this.wanted.set(key, [name, family]);
    return addresses ?? [];
  };

  /** What was read so far has to be read again, with more names known. */
  get isWaiting(): boolean {
    return this.wanted.size > 0;
  }

  /** Runs `read` until it asks for no new name. */
  async reading<T>(read: () => T): Promise<T> {
    for (;;) {
      try {
        return read();
      } catch (error) {
        if (this.wanted.size === 0) throw error;
        await this.lookUpWanted();
      }
    }
  }

  private async lookUpWanted(): Promise<void> {
    // Loaded when it is needed, which it hardly ever is.
    const { lookup } = await import('node:dns/promises');
    const wanted = [...this.wanted];
    this.wanted.clear();
    for (const [key, [name, family]] of wanted) {
      const found = await lookup(name, { family, all: true }).catch(() => []);
      this.known.set(
        key,
        found.map(({ address }) => address),
      );
    }
  }
}
