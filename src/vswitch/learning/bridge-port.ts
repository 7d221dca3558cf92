/**
 * A port of the learning switch, with the flags of a Linux bridge port under the names that bridge(8) gives them.
 */
import { Port, type PortSettings } from '../port.ts';
import type { VlanMembership } from './vlans.ts';

/** States of IEEE 802.1D, under the kernel's numbers (BR_STATE_*). */
export const PortState = { DISABLED: 0, LISTENING: 1, LEARNING: 2, FORWARDING: 3, BLOCKING: 4 } as const;
export type PortState = (typeof PortState)[keyof typeof PortState];
export const PORT_STATE_NAMES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

export const EDGES = ['auto', 'yes', 'no'] as const;
export type Edge = (typeof EDGES)[number];

export interface BridgePortSettings extends PortSettings {
  /** The switch's own interface (br0), not one of its ports. */
  readonly isSelf: boolean;
  readonly learning: boolean;
  /** Unknown destinations, groups, broadcasts leave here. */
  readonly flood: boolean;
  readonly mcastFlood: boolean;
  readonly bcastFlood: boolean;
  /** Exchanges frames with ports that are not isolated only. */
  readonly isolated: boolean;
  /** Takes frames only from sources that the table has on this port. */
  readonly locked: boolean;
  /** Frames may leave by the port that they came by. */
  readonly hairpin: boolean;
  /** Bits of the reserved groups 01:80:c2:00:00:0X that are forwarded all the same. */
  readonly groupFwdMask: number;
  readonly state: PortState;
  /** Of the self port: it takes every frame. */
  readonly promisc: boolean;
  /** Of the spanning tree: path cost, port priority, whether a root may be behind it, whether a message shuts it. */
  readonly cost: number;
  readonly priority: number;
  readonly rootBlock: boolean;
  readonly bpduGuard: boolean;
  /** Of the rapid spanning tree: whether no bridge is behind it (auto: when nobody answers), and whether one at most is. */
  readonly edge: Edge;
  readonly pointToPoint: boolean;
  /** Of snooping: 0 never leads to a router, 1 when a query came from there, 2 always; a member that leaves is the last. */
  readonly mcastRouter: number;
  readonly fastLeave: boolean;
  /** Null while VLANs are not filtered. */
  readonly vlans: VlanMembership | null;
}

export class BridgePort extends Port {
  readonly isSelf: boolean;
  learning: boolean;
  flood: boolean;
  mcastFlood: boolean;
  bcastFlood: boolean;
  isolated: boolean;
  locked: boolean;
  hairpin: boolean;
  groupFwdMask: number;
  state: PortState;
  promisc: boolean;
  readonly cost: number;
  readonly priority: number;
  readonly rootBlock: boolean;
  readonly bpduGuard: boolean;
  readonly edge: Edge;
  readonly pointToPoint: boolean;
  readonly mcastRouter: number;
  readonly fastLeave: boolean;
  readonly vlans: VlanMembership | null;

  constructor(index: number, settings: BridgePortSettings) {
    super(index, settings);
    this.isSelf = settings.isSelf;
    this.learning = settings.learning;
    this.flood = settings.flood;
    this.mcastFlood = settings.mcastFlood;
    this.bcastFlood = settings.bcastFlood;
    this.isolated = settings.isolated;
    this.locked = settings.locked;
    this.hairpin = settings.hairpin;
    this.groupFwdMask = settings.groupFwdMask;
    this.state = settings.state;
    this.promisc = settings.promisc;
    this.cost = settings.cost;
    this.priority = settings.priority;
    this.rootBlock = settings.rootBlock;
    this.bpduGuard = settings.bpduGuard;
    this.edge = settings.edge;
    this.pointToPoint = settings.pointToPoint;
    this.mcastRouter = settings.mcastRouter;
    this.fastLeave = settings.fastLeave;
    this.vlans = settings.vlans;
  }
}
