/** Mutations of whole frames: damaged, lost, repeated, lengthened. */
import { address, u32 } from '../../frames.ts';
import { MAC, OWN } from '../../standard-gateway.ts';
import { PacketEditor, Protocol } from '../packet-editor.ts';
import { edited, L3, type Mutation } from './mutation.ts';

export const linkAddress: Mutation = (chance, frame, side) => {
  const bytes = Buffer.from(frame);
  const to = chance.pick([
    'ffffffffffff',
    '01005e000001',
    '333300000001',
    '020000000099',
    MAC[side].replaceAll(':', ''),
  ]);
  bytes.write(to, 0, 'hex');
  return [bytes];
};

export const brokenChecksum: Mutation = (chance, frame) => {
  const packet = new PacketEditor(frame);
  const transport = packet.transport;
  if (transport === null) return null;
  const fields: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6, 58: 2 };
  const field =
    packet.family === 4 && chance.is(0.3) ? L3 + 10 : transport.at + (fields[transport.protocol] ?? 0);
  if (field + 2 > packet.end) return null;
  packet.bytes.writeUInt16BE(packet.bytes.readUInt16BE(field) ^ (1 << chance.below(16)), field);
  return [packet.bytes];
};

export const anyBit: Mutation = (chance, frame) => {
  const bytes = Buffer.from(frame);
  const at = chance.between(Math.min(12, bytes.length - 1), Math.min(80, bytes.length - 1));
  bytes[at]! ^= 1 << chance.below(8);
  return [bytes];
};

export const truncated: Mutation = (chance, frame) => {
  const bytes = Buffer.from(frame.subarray(0, chance.between(14, frame.length)));
  return [bytes];
};

export const padded: Mutation = (chance, frame) =>
  frame.length > 1400 ? null : [Buffer.concat([frame, Buffer.from(chance.bytes(chance.between(1, 60)))])];

export const repeated: Mutation = (_chance, frame) => [frame, frame];
export const gone: Mutation = () => [];

/** Made so long that the other side's MTU has something to say. */
export const long: Mutation = (chance, frame) => {
  const packet = new PacketEditor(frame);
  const transport = packet.transport;
  if (transport === null || packet.end - L3 > 1200) return null;
  const total = chance.pick([1500, 1480, 1400, 1401, 1300, 1281, 1280]);
  packet.splice(packet.end, 0, chance.bytes(Math.max(0, total - (packet.end - L3))));
  if (packet.family === 4 && chance.is(0.5)) packet.bytes[L3 + 6]! ^= 0x40;
  return edited(chance, packet);
};

/** An echo request from the packet's sender to the gateway or the packet's receiver. */
export const ping: Mutation = (chance, frame, side) => {
  const packet = new PacketEditor(frame);
  const transport = packet.transport;
  if (transport === null) return null;
  const v4 = packet.family === 4;
  if (chance.is(0.5)) packet.setAddress('to', address(OWN[v4 ? 4 : 6][side]));
  const message = [
    v4 ? 8 : 128,
    0,
    0,
    0,
    ...u32(chance.below(0x7fffffff)),
    ...chance.bytes(chance.below(64)),
  ];
  packet.splice(transport.at, packet.end - transport.at, message);
  if (v4) packet.bytes[L3 + 9] = Protocol.ICMP;
  else if (transport.at === L3 + 40) packet.bytes[L3 + 6] = Protocol.ICMPV6;
  packet.fixChecksums();
  return [frame, packet.bytes];
};
