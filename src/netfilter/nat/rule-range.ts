/** From what a NAT rule says (syntax/values/nat-range.ts) to what the translation chooses from (view.ts). */
import type { Given } from '../extension.ts';
import type { NatRange as WrittenRange } from '../syntax/values/index.ts';
import { NatFlag, type NatRange } from './view.ts';

/** The flag options that SNAT, DNAT, MASQUERADE and REDIRECT share, as far as each has them. */
export interface NatFlags {
  readonly random?: Given<true> | undefined;
  readonly randomFully?: Given<true> | undefined;
  readonly persistent?: Given<true> | undefined;
}

const NO_ADDRESS = new Int32Array(4);

export function ruleRange(written: WrittenRange | undefined, given: NatFlags): NatRange {
  const addresses = written?.addresses ?? null;
  const ports = written?.ports ?? null;
  const base = written?.portBase ?? null;
  return {
    flags:
      (addresses === null ? 0 : NatFlag.MAP_IPS) |
      (ports === null ? 0 : NatFlag.PROTO_SPECIFIED) |
      (base === null ? 0 : NatFlag.PROTO_OFFSET) |
      (given.random === undefined ? 0 : NatFlag.PROTO_RANDOM) |
      (given.randomFully === undefined ? 0 : NatFlag.PROTO_RANDOM_FULLY) |
      (given.persistent === undefined ? 0 : NatFlag.PERSISTENT),
    minAddress: addresses?.low ?? NO_ADDRESS,
    maxAddress: addresses?.high ?? NO_ADDRESS,
    minPort: ports?.low ?? 0,
    maxPort: ports?.high ?? 0,
    basePort: base ?? 0,
  };
}

/** A range of one address that the target finds anew for each connection; the rest is the rule's. */
export class FoundAddressRange implements NatRange {
  readonly flags: number;
  readonly minAddress: Int32Array;
  readonly maxAddress: Int32Array;
  readonly minPort: number;
  readonly maxPort: number;
  readonly basePort: number;

  constructor(rule: NatRange) {
    this.flags = rule.flags | NatFlag.MAP_IPS;
    this.minAddress = new Int32Array(4);
    this.maxAddress = this.minAddress;
    this.minPort = rule.minPort;
    this.maxPort = rule.maxPort;
    this.basePort = rule.basePort;
  }
}

/** What `-L` appends for the flags that are given. */
export function listNatFlags(given: NatFlags): string {
  return (
    (given.random === undefined ? '' : ' random') +
    (given.randomFully === undefined ? '' : ' random-fully') +
    (given.persistent === undefined ? '' : ' persistent')
  );
}
