/**
 * Sysctls: every limit and timeout of Sluice under the name that Linux gives it, declared once with its default, range,
 * unit and meaning. Help, validation, the `sysctl` command and the documentation are derived from the declarations.
 * Each room declares its own (src/netfilter/sysctls.ts, src/stack/sysctls.ts); an instance holds the values of all.
 */
import { didYouMean } from './did-you-mean.ts';
import { SluiceError } from './errors.ts';

export interface SysctlSpec {
  /** Dotted name, such as `net.netfilter.nf_conntrack_max`. `*` stands for `all`, `default` or an interface. */
  readonly name: string;
  readonly default: number;
  /** What `all` begins with, where that is not the default of interfaces. */
  readonly all?: number | undefined;
  readonly min: number;
  readonly max: number;
  readonly unit?:
    'seconds' | 'bytes' | 'entries' | 'milliseconds' | 'messages per second' | 'flag' | undefined;
  /** One sentence on what it does. */
  readonly about: string;
}

export class Sysctls {
  private readonly specs = new Map<string, SysctlSpec>();
  private readonly values = new Map<string, number>();
  /** Grows with every change; caches of values compare it. */
  generation = 0;

  constructor(...groups: readonly (readonly SysctlSpec[])[]) {
    for (const group of groups) for (const spec of group) this.specs.set(spec.name, spec);
  }

  /** Names are declared, or an instance of a declared pattern (`net.ipv4.conf.eth0.rp_filter`). */
  spec(name: string): SysctlSpec | undefined {
    return (
      this.specs.get(name) ??
      this.specs.get(name.replace(/\.(conf|neigh)\.[^.]+(\.[^.]+\.[^.]+)*\./, '.$1.*.'))
    );
  }

  /** The value set, else the declared default. Cold: hot code keeps the number and compares `generation`. */
  get(name: string): number {
    const value = this.values.get(name);
    if (value !== undefined) return value;
    const spec = this.spec(name);
    if (spec === undefined) throw this.unknown(name);
    return spec.all !== undefined && name.includes('.conf.all.') ? spec.all : spec.default;
  }

  private unknown(name: string): SluiceError {
    const meant = didYouMean(name, [...this.specs.keys()]);
    return new SluiceError('SYSCTL_UNKNOWN', `unknown sysctl "${name}"${meant}`);
  }

  isSet(name: string): boolean {
    return this.values.has(name);
  }

  set(name: string, value: number): void {
    const spec = this.spec(name);
    if (spec === undefined) throw this.unknown(name);
    if (!Number.isInteger(value) || value < spec.min || value > spec.max) {
      throw new SluiceError(
        'SYSCTL_RANGE',
        `${name} must be a whole number from ${spec.min} to ${spec.max}, not ${value}`,
      );
    }
    this.values.set(name, value);
    this.generation++;
  }

  all(): IterableIterator<SysctlSpec> {
    return this.specs.values();
  }
}
