/** What the parts of SIP's helpers hand to each other about one message. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { destinationOf, sourceOf, type Address } from '../address.ts';
import { addressText, type EditedText } from '../edited-text.ts';
import type { Expecting } from '../expecting.ts';

/** What is kept of a connection, in both kinds. */
export interface ConnectionState {
  /** The port that a client named in Via although it sends from another: responses go there; 0 for none. */
  forcedPort: number;
}

/** An end of the connection: as the message's sender knows it, and as its receiver does. */
export interface End {
  readonly address: Address;
  readonly port: number;
  readonly seen: Address;
  readonly seenPort: number;
  /** Both of the latter, as they stand in URIs. */
  readonly seenText: string;
}

export interface Ends {
  readonly sender: End;
  readonly receiver: End;
}

export interface Context {
  readonly message: EditedText;
  /** The packet that carries it, or its end. */
  readonly pkt: PacketBuffer;
  readonly entry: number;
  readonly direction: number;
  readonly ends: Ends;
  readonly state: ConnectionState;
  readonly family: 4 | 6;
}

export function endsOf(expecting: Expecting, entry: number, direction: number): Ends {
  const tuple = expecting.tuple(entry, direction);
  const back = expecting.tuple(entry, direction ^ 1);
  const { family } = tuple;
  return {
    sender: makeEnd(family, sourceOf(tuple), tuple.srcId, destinationOf(back), back.dstId),
    receiver: makeEnd(family, destinationOf(tuple), tuple.dstId, sourceOf(back), back.srcId),
  };
}

function makeEnd(family: number, address: Address, port: number, seen: Address, seenPort: number): End {
  return { address, port, seen, seenPort, seenText: `${addressText(family, seen, true)}:${seenPort}` };
}
