/**
 * Names in place of addresses (`-s www.example.org`), and back again (`-L` without `-n`). Reading a rule can't wait for an
 * answer, so it fails at a name that was not looked up yet; the names are then looked up, and the rule is read again.
 * A listing is likewise made once to learn of which addresses, and then again.
 */
import type { Family } from '../../netfilter/hook.ts';
import { answer, type Asking } from './answers.ts';
import type { RulesIo } from './io.ts';
import type { Resolver } from '../../netfilter/syntax/index.ts';

export class HostNames {
  private readonly known = new Map<string, readonly string[]>();
  private readonly names = new Map<string, string | null>();
  private readonly unnamed = new Set<string>();
  private readonly io: Pick<RulesIo, 'hostNameOf' | 'addressesOf' | 'lookUp'>;
  private readonly wanted = new Map<string, readonly [name: string, family: Family]>();

  constructor(io: Pick<RulesIo, 'hostNameOf' | 'addressesOf' | 'lookUp'>) {
    this.io = io;
  }

  readonly resolve: Resolver = (name, family) => {
    const key = `${family} ${name}`;
    const addresses = this.known.get(key);
    if (addresses !== undefined) return addresses;
    const known = this.io.addressesOf?.(name, family) ?? [];
    if (known.length === 0) this.wanted.set(key, [name, family]);
    return known;
  };

  /** What was read so far has to be read again, with more names known. */
  get isWaiting(): boolean {
    return this.wanted.size > 0;
  }

  /** What an address is called; the address itself is shown while it was not asked for yet. */
  readonly nameOf = (address: string): string | null => {
    const name = this.names.get(address);
    if (name === undefined && this.io.hostNameOf !== undefined) this.unnamed.add(address);
    return name ?? null;
  };

  /** Runs `read` until it asks for no new name. */
  *reading<T>(read: () => T): Asking<T> {
    for (;;) {
      try {
        const value = read();
        if (this.unnamed.size === 0) return value;
      } catch (error) {
        if (this.wanted.size === 0) throw error;
      }
      yield* this.lookUpWanted();
      yield* this.askForNames();
    }
  }

  private *askForNames(): Asking<void> {
    const addresses = [...this.unnamed];
    this.unnamed.clear();
    for (const address of addresses) {
      const name = yield* answer(this.io.hostNameOf?.(address));
      this.names.set(address, name ?? null);
    }
  }

  private *lookUpWanted(): Asking<void> {
    if (this.wanted.size === 0) return;
    const wanted = [...this.wanted];
    this.wanted.clear();
    for (const [key, [name, family]] of wanted) {
      this.known.set(key, (yield* answer(this.io.lookUp?.(name, family))) ?? []);
    }
  }
}
