/**
 * Which names guests may ask for, whatever the type of record, and where the answers lead. Names are `example.org` or
 * `*.example.org` (all below it, not itself). What is denied is denied; where anything is allowed, nothing else is.
 *
 * With `only`, guests reach no address of the world but those that allowed names led to, as long as the answers hold: an
 * answer that leads a public name to a private address (rebinding) teaches nothing. Several names may share an address, and
 * whoever is let through to a resolver of its own over HTTPS can ask it anything: both are beyond what names can tell.
 */
import type { Answer } from 'dns-packet';
import type { Clock } from '../../base/clock.ts';
import { isPrivate, plain, type ResolvedAddress } from './resolved-addresses.ts';

export interface NameRules {
  /** Empty: all. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Addresses that were not learned from an allowed name are out of reach. */
  readonly only: boolean;
  /** Sets of the gateway by name, and the names whose addresses they hold (name-sets.ts). */
  readonly sets?: ReadonlyMap<string, readonly string[]>;
}

/** Addresses that are remembered; the one that was learned longest ago goes. */
const MOST = 8192;
const US_PER_SECOND = 1_000_000;

export class NamePolicy {
  private readonly rules: NameRules;
  private readonly clock: Clock;
  private readonly learned = new Map<string, number>();

  constructor(rules: NameRules, clock: Clock) {
    this.rules = rules;
    this.clock = clock;
  }

  allows(name: string): boolean {
    const { allow, deny } = this.rules;
    if (isAmong(name, deny)) return false;
    return allow.length === 0 || isAmong(name, allow);
  }

  /** False when an answer leads on to a name that is denied: the chain of aliases is judged as a whole. */
  allowsAnswer(answers: readonly Answer[]): boolean {
    return answers.every((answer) => answer.type !== 'CNAME' || !isAmong(answer.data, this.rules.deny));
  }

  /** An allowed name led to these. */
  learn(addresses: readonly ResolvedAddress[]): void {
    if (!this.rules.only) return;
    for (const { address, seconds } of addresses) {
      if (isPrivate(address)) continue;
      this.learned.delete(address);
      this.learned.set(address, this.clock.now + seconds * US_PER_SECOND);
      if (this.learned.size > MOST) this.learned.delete(this.learned.keys().next().value!);
    }
  }

  /** May guests go to an address of the world? */
  reaches(address: string): boolean {
    if (!this.rules.only) return true;
    const until = this.learned.get(address);
    return until !== undefined && until > this.clock.now;
  }
}

/** Does one of the patterns mean the name? */
export function isAmong(name: string, patterns: readonly string[]): boolean {
  const own = plain(name);
  return patterns.some((pattern) =>
    pattern.startsWith('*.') ? own.endsWith(pattern.slice(1)) : own === pattern,
  );
}
