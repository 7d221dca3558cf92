/** What the parts of SIP's helpers hand to each other about one message. */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { EditedText } from '../edited-text.ts';

/** What is kept of a connection, in both kinds. */
export interface ConnectionState {
  /** The port that a client named in Via although it sends from another: responses go there; 0 for none. */
  forcedPort: number;
}

export interface Context {
  readonly message: EditedText;
  /** The packet that carries it, or its end. */
  readonly pkt: PacketBuffer;
  readonly entry: number;
  readonly direction: number;
  readonly state: ConnectionState;
  readonly family: 4 | 6;
}
