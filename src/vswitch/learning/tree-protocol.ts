/** What a learning switch and its spanning tree ask of each other, whichever protocol grows it (802.1D-1998 or rapid). */
import type { Clock } from '../../base/clock.ts';
import type { BridgePort } from './bridge-port.ts';

/** Times in microseconds. */
export interface TreeTimes {
  readonly helloTime: number;
  readonly maxAge: number;
  readonly forwardDelay: number;
}

export interface StpConfig extends TreeTimes {
  /** The rapid protocol, not the original one. */
  readonly isRapid: boolean;
  readonly priority: number;
}

/** What the protocol asks of its switch. */
export interface StpHost {
  readonly clock: Clock;
  transmit(port: BridgePort, frame: Uint8Array): void;
  /** While the topology changes, addresses are forgotten after the forward delay; null: as configured. */
  setAgeing(us: number | null): void;
  forget(port: BridgePort): void;
}

export interface TreeProtocol {
  /** Sixteen hexadecimal digits: priority and address. */
  readonly root: string;
  readonly isRoot: boolean;
  readonly rootCost: number;
  /** The switch comes up. */
  start(): void;
  /** The link of a port came up, or went down. */
  enable(port: BridgePort): void;
  disable(port: BridgePort): void;
  /** A frame to the group of bridges came in. */
  receive(port: BridgePort, bytes: Uint8Array, start: number, end: number): void;
}

/** Sixteen hexadecimal digits of which the smaller is the better bridge. */
export function bridgeId(priority: number, mac: Uint8Array): string {
  const digits = Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return priority.toString(16).padStart(4, '0') + digits;
}

/** The number of a port among those of its bridge, with its priority in front. */
export function portId(port: BridgePort, number: number): number {
  return (port.priority << 10) | number;
}
