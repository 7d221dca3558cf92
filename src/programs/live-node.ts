/** What programs act on: a host or a switch that lives, in a lab, a replay or a guest network. */
import type { FlowTable } from '../alg/index.ts';
import type { Family } from '../netfilter/hook.ts';
import type { IpAddress } from '../stack/address.ts';
import type { Gateway } from '../stack/gateway.ts';
import type { VirtualSwitch } from '../vswitch/index.ts';

/** What a name means, or why nothing. */
export interface Lookup {
  readonly addresses: readonly IpAddress[];
  readonly error: string;
}

export interface LiveHost {
  readonly kind: 'host';
  readonly name: string;
  readonly gateway: Gateway;
  /** What the helpers see of control connections, where somebody keeps it. */
  readonly flows?: FlowTable | null;
  /** Asks the host's name servers; absent where it has none to ask. */
  readonly lookUp?: (name: string, family: Family, done: (found: Lookup) => void) => void;
}

export interface LiveSwitch {
  readonly kind: 'switch';
  readonly name: string;
  readonly switch: VirtualSwitch;
}

export type LiveNode = LiveHost | LiveSwitch;
