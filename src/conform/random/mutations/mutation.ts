/** What a mutation is, and makers of those that are about one kind of packet. */
import type { Chance } from '../chance.ts';
import type { Side } from '../../standard-gateway.ts';
import { ETHERNET_HEADER, PacketEditor, Protocol } from '../packet-editor.ts';

/** Null where the frame is not of the kind that the mutation is about. */
export type Mutation = (chance: Chance, frame: Uint8Array, side: Side) => Uint8Array[] | null;

export const L3 = ETHERNET_HEADER;
/** Mostly with right checksums: whatever has wrong ones is not looked at any further. */
const KEEP_CHECKSUM = 0.05;

export function edited(chance: Chance, packet: PacketEditor): Uint8Array[] {
  if (!chance.is(KEEP_CHECKSUM)) packet.fixChecksums();
  return [packet.bytes];
}

/** A mutation of packets of one family (0: of both). */
export function ofIp(
  family: 0 | 4 | 6,
  change: (chance: Chance, packet: PacketEditor, side: Side) => void,
): Mutation {
  return (chance, frame, side) => {
    const packet = new PacketEditor(frame);
    if (packet.family === 0 || (family !== 0 && packet.family !== family)) return null;
    change(chance, packet, side);
    return edited(chance, packet);
  };
}

export function ofTransport(
  protocols: readonly number[],
  change: (chance: Chance, packet: PacketEditor, at: number) => void,
): Mutation {
  return (chance, frame) => {
    const packet = new PacketEditor(frame);
    const transport = packet.transport;
    if (transport === null || !protocols.includes(transport.protocol)) return null;
    if (transport.protocol === Protocol.TCP && transport.at + 20 > packet.end) return null;
    change(chance, packet, transport.at);
    return edited(chance, packet);
  };
}
