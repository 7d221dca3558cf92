/**
 * Interface names in rules: `eth0`, `ppp+`, `+`. Each pattern gets a number when rules are compiled; which patterns an
 * interface matches is worked out when a packet first shows the interface, and kept as a row of bytes until interfaces
 * come, go or are renamed.
 */
import type { HostServices } from './host-services.ts';

export function interfaceMatches(pattern: string, name: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

export class InterfacePatterns {
  private readonly patterns: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly rows: InterfaceRow[] = [];
  private readonly host: HostServices;
  private generation = -1;

  constructor(host: HostServices) {
    this.host = host;
  }

  number(pattern: string): number {
    const known = this.numbers.get(pattern);
    if (known !== undefined) return known;
    const number = this.patterns.push(pattern) - 1;
    this.numbers.set(pattern, number);
    this.rows.length = 0;
    return number;
  }

  /** Does the pattern name one interface? */
  isExact(number: number): boolean {
    return !this.patterns[number]!.endsWith('+');
  }

  /** What is known of an interface by its index; 0 stands for "none", whose name is empty. */
  row(index: number): InterfaceRow {
    if (this.generation !== this.host.interfaceGeneration) {
      this.generation = this.host.interfaceGeneration;
      this.rows.length = 0;
    }
    // `rows` has no holes, so that reading it stays fast.
    while (this.rows.length <= index) this.rows.push(this.makeRow(this.rows.length));
    return this.rows[index]!;
  }

  private makeRow(index: number): InterfaceRow {
    const name = index === 0 ? '' : this.host.interfaceName(index);
    const matches = Uint8Array.from(this.patterns, (pattern) => (interfaceMatches(pattern, name) ? 1 : 0));
    return new InterfaceRow(matches, this.numbers.get(name) ?? -1);
  }
}

export class InterfaceRow {
  /** By pattern number: 1 when the interface matches. */
  readonly matches: Uint8Array;
  /** Number of the pattern that is the interface's own name, -1 when no rule names it. */
  readonly exact: number;

  constructor(matches: Uint8Array, exact: number) {
    this.matches = matches;
    this.exact = exact;
  }
}
