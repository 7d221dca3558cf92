/**
 * A port as the rapid protocol sees it: the variables of 802.1D-2004, 17.19, under the standard's names, so that its state
 * machines can be read beside it. Timers are times at which they end; one that is over is not later than now.
 */
import { PortState, type BridgePort } from '../bridge-port.ts';
import { portId } from '../tree-protocol.ts';
import type { Priority, Times } from './priority.ts';

export const Role = { DISABLED: 0, ROOT: 1, DESIGNATED: 2, ALTERNATE: 3, BACKUP: 4 } as const;
export type Role = (typeof Role)[keyof typeof Role];
export const ROLE_NAMES = ['disabled', 'root', 'designated', 'alternate', 'backup'] as const;

/** Where what is known of the link comes from. */
export const InfoIs = { DISABLED: 0, AGED: 1, MINE: 2, RECEIVED: 3 } as const;

export const Topology = { INACTIVE: 0, LEARNING: 1, ACTIVE: 2 } as const;

export class RapidPort {
  readonly port: BridgePort;
  readonly id: number;
  portEnabled = false;
  role: Role = Role.DISABLED;
  selectedRole: Role = Role.DISABLED;
  selected = false;
  reselect = true;
  updtInfo = false;
  infoIs: number = InfoIs.DISABLED;

  portPriority: Priority;
  portTimes: Times;
  designatedPriority: Priority;
  designatedTimes: Times;

  /** The handshake: what this side proposes and agrees to, and what the other side has. */
  proposing = false;
  proposed = false;
  agree = false;
  agreed = false;
  sync = true;
  synced = false;
  reRoot = true;
  disputed = false;

  /** What is to be, and what is. */
  learn = false;
  forward = false;
  learning = false;
  forwarding = false;
  operEdge: boolean;

  /** Whether the other side speaks the rapid protocol. */
  sendRSTP = true;
  newInfo = false;
  txCount = 0;

  topology: number = Topology.INACTIVE;
  rcvdTc = false;
  rcvdTcn = false;
  rcvdTcAck = false;
  tcAck = false;
  tcProp = false;

  edgeDelayWhile = 0;
  fdWhile = 0;
  helloWhen = 0;
  mdelayWhile = 0;
  rbWhile = 0;
  rcvdInfoWhile = 0;
  rrWhile = 0;
  tcWhile = 0;
  txWindow = 0;

  constructor(port: BridgePort, number: number, own: Priority, times: Times) {
    this.port = port;
    this.id = portId(port, number);
    this.portPriority = this.designatedPriority = own;
    this.portTimes = this.designatedTimes = times;
    this.operEdge = port.edge === 'yes';
    port.state = PortState.DISABLED;
  }

  /** The next time at which one of its timers ends; Infinity for none. */
  nextEnd(now: number): number {
    let next = Infinity;
    for (const end of [
      this.edgeDelayWhile,
      this.fdWhile,
      this.helloWhen,
      this.mdelayWhile,
      this.rbWhile,
      this.rcvdInfoWhile,
      this.rrWhile,
      this.tcWhile,
      this.txWindow,
    ]) {
      if (end > now && end < next) next = end;
    }
    return next;
  }
}
