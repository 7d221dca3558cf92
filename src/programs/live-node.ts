/** What programs act on: a host or a switch that lives, in a lab, a replay or a guest network. */
import type { FlowTable } from '../alg/index.ts';
import type { Gateway } from '../stack/gateway.ts';
import type { VirtualSwitch } from '../vswitch/index.ts';

export interface LiveHost {
  readonly kind: 'host';
  readonly name: string;
  readonly gateway: Gateway;
  /** What the helpers see of control connections, where somebody keeps it. */
  readonly flows?: FlowTable | null;
}

export interface LiveSwitch {
  readonly kind: 'switch';
  readonly name: string;
  readonly switch: VirtualSwitch;
}

export type LiveNode = LiveHost | LiveSwitch;
