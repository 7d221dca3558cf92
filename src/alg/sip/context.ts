/** What the parts of SIP's helpers hand to each other about one message. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import { destinationOf, sourceOf, type Address } from '../address.ts';
import type { EditedText } from '../edited-text.ts';
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
  return {
    sender: { address: sourceOf(tuple), port: tuple.srcId, seen: destinationOf(back), seenPort: back.dstId },
    receiver: {
      address: destinationOf(tuple),
      port: tuple.dstId,
      seen: sourceOf(back),
      seenPort: back.srcId,
    },
  };
}
