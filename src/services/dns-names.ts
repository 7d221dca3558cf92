/**
 * What the network itself knows by name: its guests, its gateway, and this machine. Names are compared without case; a guest
 * is known as NAME and as NAME.DOMAIN.
 */
import { formatIp4 } from '../wire/address.ts';
import type { Lease } from './dhcp4-leases.ts';

/** Under this name guests find this machine. */
export const MACHINE_NAME = 'machine';
export const GATEWAY_NAME = 'gateway';

export interface NamesOptions {
  readonly domain: string;
  readonly leases: Iterable<Lease>;
  /** Those of DHCPv6. */
  readonly leases6: Iterable<{ readonly name: string; readonly address: string }>;
  /** Addresses by name that do not change; names with a dot are whole ones. */
  readonly fixed: ReadonlyMap<string, readonly string[]>;
}

export class DnsNames {
  private readonly options: NamesOptions;

  constructor(options: NamesOptions) {
    this.options = options;
  }

  /** Is it for the network to say what this name means, even if it means nothing? */
  owns(name: string): boolean {
    const { domain } = this.options;
    const lower = name.toLowerCase();
    return lower === domain || lower.endsWith(`.${domain}`) || this.addressesOf(lower).length > 0;
  }

  addressesOf(name: string): readonly string[] {
    const whole = this.options.fixed.get(name.toLowerCase());
    if (whole !== undefined) return whole;
    const label = this.labelOf(name.toLowerCase());
    if (label === undefined) return [];
    const fixed = this.options.fixed.get(label);
    if (fixed !== undefined) return fixed;
    const { leases, leases6 } = this.options;
    const addresses = [...leases]
      .filter(({ name }) => name === label)
      .map(({ address }) => formatIp4(address));
    return [...addresses, ...[...leases6].filter(({ name }) => name === label).map(({ address }) => address)];
  }

  /** The name of an address, in full. */
  nameOf(address: string): string | undefined {
    const { domain, fixed, leases, leases6 } = this.options;
    for (const [label, addresses] of fixed) {
      if (addresses.includes(address)) return label.includes('.') ? label : `${label}.${domain}`;
    }
    for (const lease of leases) {
      if (lease.name !== '' && formatIp4(lease.address) === address) return `${lease.name}.${domain}`;
    }
    for (const lease of leases6) {
      if (lease.name !== '' && lease.address === address) return `${lease.name}.${domain}`;
    }
    return undefined;
  }

  private labelOf(name: string): string | undefined {
    const suffix = `.${this.options.domain}`;
    const label = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
    return label.includes('.') || label === '' ? undefined : label;
  }
}
