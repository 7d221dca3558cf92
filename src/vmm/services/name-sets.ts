/**
 * Sets of the gateway that hold the addresses of names, as dnsmasq's `ipset=` fills them, each address as long as the answer
 * holds that a guest got. Rules then speak of names:
 *
 *     names: { sets: { updates: ['*.debian.org'] } }
 *     -A FORWARD -i lan -m set --match-set updates dst -p tcp --dport 443 -j ACCEPT
 *
 * IPv4 addresses go into the set of that name, IPv6 addresses into the one with a 6 at its end. The address is there before
 * the guest has its answer. Private addresses are not taken from anybody's answer.
 */
import { parseAddress } from '../../stack/address.ts';
import { SluiceError } from '../../base/errors.ts';
import { NO_ELEMENT } from '../../netfilter/sets/element.ts';
import { SetError, type IpSets } from '../../netfilter/sets/index.ts';
import { NO_EXTRAS } from '../../netfilter/sets/settings.ts';
import type { Family } from '../../netfilter/hook.ts';
import { isAmong } from './name-policy.ts';
import { isPrivate, type ResolvedAddress } from './resolved-addresses.ts';

type SetsOfNames = ReadonlyMap<string, readonly string[]>;

const FAMILIES: readonly Family[] = [4, 6];

/** `updates`, `updates6`. */
function setName(name: string, family: Family): string {
  return family === 4 ? name : `${name}6`;
}

/** The commands of ipset that make those that are not there yet; a full set takes a new address in place of an old one. */
export function commandsFor(wanted: SetsOfNames, sets: IpSets): string {
  const missing = [...wanted.keys()].flatMap((name) =>
    FAMILIES.filter((family) => sets.get(setName(name, family)) === undefined).map(
      (family) =>
        `create ${setName(name, family)} hash:ip family ${family === 4 ? 'inet' : 'inet6'} timeout 0 forceadd\n`,
    ),
  );
  return missing.join('');
}

export class NameSets {
  private readonly wanted: SetsOfNames;
  private readonly sets: IpSets;

  /** The sets may be made later than this. */
  constructor(wanted: SetsOfNames, sets: IpSets) {
    this.wanted = wanted;
    this.sets = sets;
  }

  /** Throws SluiceError for a set that cannot hold addresses for a time. */
  check(): void {
    for (const name of this.wanted.keys()) {
      for (const family of FAMILIES) {
        const set = this.sets.get(setName(name, family))?.set;
        const isFit =
          set?.type.name === 'hash:ip' && set.settings.timeout !== null && set.settings.family === family;
        if (!isFit)
          throw new SluiceError(
            'SETS',
            `names.sets: "${setName(name, family)}" must be a set of addresses of IPv${family} that end: ` +
              `create ${setName(name, family)} hash:ip family ${family === 4 ? 'inet' : 'inet6'} timeout 0`,
          );
      }
    }
  }

  /** A name that was asked for led to these. */
  learn(name: string, addresses: readonly ResolvedAddress[]): void {
    for (const [set, patterns] of this.wanted) {
      if (!isAmong(name, patterns)) continue;
      for (const { address, seconds } of addresses) if (!isPrivate(address)) this.add(set, address, seconds);
    }
  }

  private add(name: string, text: string, seconds: number): void {
    const { family, words } = parseAddress(text)!;
    // Somebody may have destroyed or exchanged it meanwhile.
    const set = this.sets.get(setName(name, family))?.set;
    if (set === undefined || set.type.name !== 'hash:ip' || set.settings.family !== family) return;
    const element = { ...NO_ELEMENT, addresses: [{ first: words, last: null, prefix: null }] };
    try {
      set.add(element, { ...NO_EXTRAS, timeout: seconds }, true);
    } catch (error) {
      // It is full: rules go on without the address.
      if (!(error instanceof SetError)) throw error;
    }
  }
}
