import type { Timer } from '../../base/clock.ts';
import type { BridgePort } from './bridge-port.ts';
import { portId } from './tree-protocol.ts';

/** A port as the protocol sees it: which bridge serves its link, and how far that is from which root. */
export class TreePort {
  readonly port: BridgePort;
  readonly id: number;
  root = '';
  cost = 0;
  bridge = '';
  designated = 0;
  /** When the message was made that it knows this from. */
  heardAt = 0;
  acknowledges = false;
  isPending = false;
  holdTimer: Timer | null = null;
  ageTimer: Timer | null = null;
  delayTimer: Timer | null = null;

  constructor(port: BridgePort, number: number) {
    this.port = port;
    this.id = portId(port, number);
  }
}
