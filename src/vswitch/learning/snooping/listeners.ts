/**
 * What each host behind a port wants of a group (explicit host tracking; Linux: br_multicast_eht.c), kept for ports that are left at
 * once (`fastleave`): who leaves may not have been the last, and a source that no host names any more is forgotten without asking.
 *
 * A host wants some sources (INCLUDE) or all but some (EXCLUDE). Here count the sources that it names, whichever of the two it means.
 */
import { Record } from '../../../wire/igmp.ts';
import { Mode, type Words } from './sources.ts';

/** Hosts that are told apart behind a port (br->multicast_eht_hosts_limit). */
const MOST_HOSTS = 512;

interface Listener {
  mode: number;
  readonly sources: Set<string>;
}

export class Listeners {
  private readonly hosts = new Map<string, Listener>();

  get isEmpty(): boolean {
    return this.hosts.size === 0;
  }

  /** Notes a record of a host. Tells which sources the record made nobody's: those that it named, or any (a change of mind). */
  hear(host: string, kind: number, named: readonly Words[]): (source: Words) => boolean {
    const known = this.hosts.get(host);
    const before = known?.mode ?? Mode.INCLUDE;
    if (kind === Record.ALLOW || kind === Record.BLOCK) {
      // ALLOW adds to what an INCLUDE host names, BLOCK to what an EXCLUDE host does.
      const adds = (kind === Record.ALLOW) === (before === Mode.INCLUDE);
      if (adds) {
        this.name(host, known, before, named);
        return none;
      }
      if (known === undefined) return none;
      const dropped = new Set<string>();
      for (const words of named) if (known.sources.delete(String(words))) dropped.add(String(words));
      this.forgetIdle(host, known);
      return (source) => dropped.has(String(source)) && !this.isNamed(source);
    }
    const mode = kind === Record.IS_EX || kind === Record.TO_EX ? Mode.EXCLUDE : Mode.INCLUDE;
    const isAnew = kind === Record.TO_IN || kind === Record.TO_EX || mode !== before;
    if (isAnew) this.hosts.delete(host);
    this.name(host, this.hosts.get(host), mode, named);
    return isAnew ? (source) => !this.isNamed(source) : none;
  }

  private name(host: string, known: Listener | undefined, mode: number, named: readonly Words[]): void {
    const listener = known ?? { mode, sources: new Set<string>() };
    for (const words of named) listener.sources.add(String(words));
    if (known === undefined && this.hosts.size < MOST_HOSTS) this.hosts.set(host, listener);
    this.forgetIdle(host, listener);
  }

  /** A host that wants no source but those it names, and names none, wants nothing. */
  private forgetIdle(host: string, { mode, sources }: Listener): void {
    if (mode === Mode.INCLUDE && sources.size === 0) this.hosts.delete(host);
  }

  private isNamed(source: Words): boolean {
    const key = String(source);
    for (const { sources } of this.hosts.values()) if (sources.has(key)) return true;
    return false;
  }
}

function none(): boolean {
  return false;
}
