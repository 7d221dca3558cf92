/**
 * An element as it is written in a command or listed: one or many, since addresses and ports may be ranges. Addresses are
 * four words in host order, an IPv4 address in the first.
 */
export interface AddressSpec {
  readonly first: Int32Array;
  /** The end of a range; null for an address or a network. */
  readonly last: Int32Array | null;
  /** Null when none was written. */
  readonly prefix: number | null;
}

export interface ElementSpec {
  /** In the order of the type's parts. */
  readonly addresses: readonly AddressSpec[];
  readonly port: PortSpec | null;
  /** Two words as they lie in memory. */
  readonly mac: readonly [number, number] | null;
  readonly mark: number | null;
  readonly iface: InterfaceSpec | null;
  readonly member: MemberSpec | null;
}

export interface PortSpec {
  /** 0 in sets of ports alone. */
  readonly protocol: number;
  /** ICMP: type and code in two bytes. */
  readonly first: number;
  readonly last: number | null;
}

export interface InterfaceSpec {
  readonly name: string;
  /** A port of a bridge. */
  readonly physdev: boolean;
  /** Every interface whose name begins so. */
  readonly wildcard: boolean;
}

/** A set in a list of sets. */
export interface MemberSpec {
  readonly name: string;
  readonly beside: { readonly where: 'before' | 'after'; readonly name: string } | null;
}

export const NO_ELEMENT: ElementSpec = {
  addresses: [],
  port: null,
  mac: null,
  mark: null,
  iface: null,
  member: null,
};
