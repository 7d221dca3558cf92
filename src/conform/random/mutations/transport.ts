/** Mutations of TCP, UDP, ICMP and what they carry. */
import { PacketEditor, Protocol } from '../packet-editor.ts';
import { ofTransport, L3, type Mutation } from './mutation.ts';

export const tcpFlags = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
  bytes[at + 13] = chance.is(0.5)
    ? chance.pick([0, 1, 2, 4, 16, 17, 18, 20, 24, 41, 6, 3])
    : chance.below(256);
});

/** Sequence and acknowledgement numbers a little or far outside the window. */
export const tcpNumbers = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
  const field = at + chance.pick([4, 8]);
  const step = chance.pick([1, -1, 1000, -1000, 66_000, -66_000, 1 << 30, 0x7fffffff, 3_000_000]);
  bytes.writeUInt32BE((bytes.readUInt32BE(field) + step) >>> 0, field);
});

export const tcpWindow = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
  bytes.writeUInt16BE(chance.pick([0, 1, 100, 65535]), at + 14);
});

export const tcpOffset = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
  bytes[at + 12] = (bytes[at + 12]! & 0x0f) | (chance.below(16) << 4);
});

const TCP_OPTIONS: readonly (readonly number[])[] = [
  [],
  [2, 4, 5, 180],
  [2, 4, 0, 1],
  [2, 4, 35, 40, 1, 1, 4, 2],
  [1, 3, 3, 14],
  [3, 3, 200, 0],
  [5, 10, 0, 0, 0, 1, 0, 0, 0, 9, 1, 1],
  [8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1],
  [2, 0, 1, 1],
  [2, 3, 5, 0],
  [254, 200, 1, 1],
  [0, 2, 4, 5],
  [1, 1, 1, 2],
  [4, 2, 2, 4, 5, 100, 3, 3],
  Array.from({ length: 40 }, () => 1),
  [19, 18, ...Array.from({ length: 16 }, (_, i) => i), 2, 4, 4, 0],
];

export const tcpOptions = ofTransport([Protocol.TCP], (chance, packet, at) => {
  const headerLength = Math.max(20, (packet.bytes[at + 12]! >> 4) * 4);
  if (at + headerLength > packet.end) return;
  const options = chance.pick(TCP_OPTIONS);
  packet.splice(at + 20, headerLength - 20, options);
  packet.bytes[at + 12] = (packet.bytes[at + 12]! & 15) | ((5 + options.length / 4) << 4);
});

/** An opening segment out of any. */
export const tcpSyn = ofTransport([Protocol.TCP], (chance, packet, at) => {
  packet.bytes[at + 13] = chance.pick([2, 2, 18, 0xc2, 10]);
  const headerLength = Math.max(20, (packet.bytes[at + 12]! >> 4) * 4);
  if (at + headerLength <= packet.end && chance.is(0.7)) packet.splice(at + headerLength, packet.end, []);
});

export const ports = ofTransport([Protocol.TCP, Protocol.UDP], (chance, { bytes }, at) => {
  bytes.writeUInt16BE(chance.pick([0, 1, 53, 80, 1023, 1024, 33434, 65535]), at + chance.pick([0, 2]));
});

export const udpLength: Mutation = (chance, frame) => {
  const packet = new PacketEditor(frame);
  const transport = packet.transport;
  if (transport?.protocol !== Protocol.UDP) return null;
  packet.fixChecksums();
  const field = transport.at + chance.pick([4, 6]);
  packet.bytes.writeUInt16BE(chance.pick([0, 7, 8, 9, 1000, 65535]), field);
  return [packet.bytes];
};

export const icmpType = ofTransport([Protocol.ICMP, Protocol.ICMPV6], (chance, { bytes }, at) => {
  bytes[at] = chance.is(0.7)
    ? chance.pick([0, 3, 4, 5, 8, 11, 12, 13, 14, 17, 18, 128, 129, 1, 2, 130, 133, 137])
    : chance.below(256);
  if (chance.is(0.5)) bytes[at + 1] = chance.below(16);
});

export const payload = ofTransport(
  [Protocol.TCP, Protocol.UDP, Protocol.ICMP, Protocol.ICMPV6],
  (chance, packet, at) => {
    const header = Math.min(at + 20, packet.end);
    if (chance.is(0.5)) packet.splice(header, chance.below(packet.end - header + 1), []);
    else packet.splice(packet.end, 0, chance.bytes(chance.below(Math.max(1, 1500 - (packet.end - L3)))));
  },
);
