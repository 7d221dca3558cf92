/** What H.323's helpers keep of a connection, and what they hand to each other about a message. */
import type { CtHelper } from '../../netfilter/conntrack/helpers.ts';
import { FIRST_OPEN_PORT } from '../helper-facts.ts';
import type { Expecting } from '../expecting.ts';
import type { Flow } from '../flow-table.ts';
import type { AlgServices } from '../services.ts';
import { MAX_CHANNELS } from './facts.ts';
import type { NamedTransport } from './addresses.ts';

export class Conversation {
  readonly entry: number;
  readonly flow: Flow;
  /** Where each side is called, 0 for nowhere yet; under translation the other side's is where that is seen. */
  readonly signalPorts: [number, number] = [0, 0];
  /** Ports of RTP that were translated: by side, as its end knows them and as they are seen. */
  readonly mediaPorts: [number, number][] = Array.from({ length: MAX_CHANNELS }, () => [0, 0]);
  /** Of a registration under way; 0 for none. */
  timeoutSeconds = 0;
  /** Of a TPKT whose header came alone, by side (Linux's kind). */
  readonly announced: [number, number] = [0, 0];

  constructor(entry: number, flow: Flow) {
    this.entry = entry;
    this.flow = flow;
  }
}

/** The helpers of one kind and family, which expect connections for each other. */
export interface H323 {
  readonly family: 4 | 6;
  readonly services: AlgServices;
  readonly expecting: Expecting;
  readonly isStrict: boolean;
  readonly ras: CtHelper;
  readonly signalling: CtHelper;
  readonly control: CtHelper;
}

export interface Signal {
  readonly h323: H323;
  /** The helper that reads it. */
  readonly helper: CtHelper;
  readonly conversation: Conversation;
  readonly side: number;
  /** The message, rewritten in place. */
  readonly bytes: Uint8Array;
}

/** What a message is worth: false when it must not go on. */
export type Handled = boolean;

/** Is the port one that may be opened at all? */
export function mayOpen({ h323, conversation }: Signal, { port }: NamedTransport): boolean {
  if (port === 0) return false;
  if (!h323.isStrict || port >= FIRST_OPEN_PORT) return true;
  const { flows } = h323.services;
  flows.note(conversation.flow, 'note', 'gateway', `no connection expected: port ${port} is not for this`);
  return false;
}
