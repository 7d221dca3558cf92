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
import { Prefixes } from '../prefixes.ts';

export interface NameRules {
  /** Empty: all. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Addresses that were not learned from an allowed name are out of reach. */
  readonly only: boolean;
}

/** Addresses that are remembered; the one that ends first goes. */
const MOST = 8192;
/** An address may be used for so long, whatever its record says: some clients connect late, some records never end. */
const LEAST_SECONDS = 60;
const MOST_SECONDS = 86_400;
const US_PER_SECOND = 1_000_000;

/** RFC 6890: no name of the world leads there by right. */
const PRIVATE = new Prefixes([
  ...['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', '169.254.0.0/16'],
  ...['fc00::/7', 'fe80::/10', '::/127', '::ffff:0:0/96'],
]);

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
    const lower = name.toLowerCase().replace(/\.$/, '');
    if (deny.some((pattern) => matches(pattern, lower))) return false;
    return allow.length === 0 || allow.some((pattern) => matches(pattern, lower));
  }

  /** False when an answer leads on to a name that is denied: the chain of aliases is judged as a whole. */
  allowsAnswer(answers: readonly Answer[]): boolean {
    const { deny } = this.rules;
    return answers.every(
      (answer) =>
        answer.type !== 'CNAME' || !deny.some((pattern) => matches(pattern, answer.data.toLowerCase())),
    );
  }

  /** An allowed name was answered. */
  learn(answers: readonly Answer[]): void {
    if (!this.rules.only) return;
    for (const answer of answers) {
      if (answer.type !== 'A' && answer.type !== 'AAAA') continue;
      if (PRIVATE.has(answer.data)) continue;
      const seconds = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, answer.ttl ?? 0));
      this.learned.delete(answer.data);
      this.learned.set(answer.data, this.clock.now + seconds * US_PER_SECOND);
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

function matches(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern;
}
