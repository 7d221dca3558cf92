/**
 * Frames made out of frames: one property changed as networks, middleboxes and attackers change it. What a mutation
 * gives back takes the frame's place: itself changed, several frames, or both it and others.
 */
import { checksum, fragments, u16, u32 } from '../frames.ts';
import type { Chance } from './chance.ts';
import { MAC, OWN, type Side } from '../standard-gateway.ts';
import { ETHERNET_HEADER, PacketEditor, Protocol } from './packet-editor.ts';
import { address } from '../frames.ts';

/** Null where the frame is not of the kind that the mutation is about. */
export type Mutation = (chance: Chance, frame: Uint8Array, side: Side) => Uint8Array[] | null;

const L3 = ETHERNET_HEADER;
/** Mostly with right checksums: whatever has wrong ones is not looked at any further. */
const KEEP_CHECKSUM = 0.05;

function edited(chance: Chance, packet: PacketEditor): Uint8Array[] {
  if (!chance.is(KEEP_CHECKSUM)) packet.fixChecksums();
  return [packet.bytes];
}

/** A mutation of packets of one family (0: of both). */
function ofIp(
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

function ofTransport(
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

const tcpFlags = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
  bytes[at + 13] = chance.is(0.5)
    ? chance.pick([0, 1, 2, 4, 16, 17, 18, 20, 24, 41, 6, 3])
    : chance.below(256);
});

/** Sequence and acknowledgement numbers a little or far outside the window. */
const tcpNumbers = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
  const field = at + chance.pick([4, 8]);
  const step = chance.pick([1, -1, 1000, -1000, 66_000, -66_000, 1 << 30, 0x7fffffff, 3_000_000]);
  bytes.writeUInt32BE((bytes.readUInt32BE(field) + step) >>> 0, field);
});

const tcpWindow = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
  bytes.writeUInt16BE(chance.pick([0, 1, 100, 65535]), at + 14);
});

const tcpOffset = ofTransport([Protocol.TCP], (chance, { bytes }, at) => {
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

const tcpOptions = ofTransport([Protocol.TCP], (chance, packet, at) => {
  const headerLength = Math.max(20, (packet.bytes[at + 12]! >> 4) * 4);
  if (at + headerLength > packet.end) return;
  const options = chance.pick(TCP_OPTIONS);
  packet.splice(at + 20, headerLength - 20, options);
  packet.bytes[at + 12] = (packet.bytes[at + 12]! & 15) | ((5 + options.length / 4) << 4);
});

/** An opening segment out of any. */
const tcpSyn = ofTransport([Protocol.TCP], (chance, packet, at) => {
  packet.bytes[at + 13] = chance.pick([2, 2, 18, 0xc2, 10]);
  const headerLength = Math.max(20, (packet.bytes[at + 12]! >> 4) * 4);
  if (at + headerLength <= packet.end && chance.is(0.7)) packet.splice(at + headerLength, packet.end, []);
});

const ports = ofTransport([Protocol.TCP, Protocol.UDP], (chance, { bytes }, at) => {
  bytes.writeUInt16BE(chance.pick([0, 1, 53, 80, 1023, 1024, 33434, 65535]), at + chance.pick([0, 2]));
});

const udpLength: Mutation = (chance, frame) => {
  const packet = new PacketEditor(frame);
  const transport = packet.transport;
  if (transport?.protocol !== Protocol.UDP) return null;
  packet.fixChecksums();
  const field = transport.at + chance.pick([4, 6]);
  packet.bytes.writeUInt16BE(chance.pick([0, 7, 8, 9, 1000, 65535]), field);
  return [packet.bytes];
};

const icmpType = ofTransport([Protocol.ICMP, Protocol.ICMPV6], (chance, { bytes }, at) => {
  bytes[at] = chance.is(0.7)
    ? chance.pick([0, 3, 4, 5, 8, 11, 12, 13, 14, 17, 18, 128, 129, 1, 2, 130, 133, 137])
    : chance.below(256);
  if (chance.is(0.5)) bytes[at + 1] = chance.below(16);
});

const payload = ofTransport(
  [Protocol.TCP, Protocol.UDP, Protocol.ICMP, Protocol.ICMPV6],
  (chance, packet, at) => {
    const header = Math.min(at + 20, packet.end);
    if (chance.is(0.5)) packet.splice(header, chance.below(packet.end - header + 1), []);
    else packet.splice(packet.end, 0, chance.bytes(chance.below(Math.max(1, 1500 - (packet.end - L3)))));
  },
);

const hopLimit = ofIp(0, (chance, { bytes, family }) => {
  bytes[family === 4 ? L3 + 8 : L3 + 7] = chance.pick([0, 1, 2, 3, 64, 255]);
});

const trafficClass = ofIp(0, (chance, { bytes, family }) => {
  const value = chance.below(256);
  if (family === 4) bytes[L3 + 1] = value;
  else bytes.writeUInt16BE((bytes.readUInt16BE(L3) & 0xf00f) | (value << 4), L3);
});

const ipv4Flags = ofIp(4, (chance, { bytes }) => {
  const value = chance.is(0.6)
    ? bytes.readUInt16BE(L3 + 6) ^ chance.pick([0x4000, 0x8000])
    : chance.pick([0x2000, 0x0001, 0x2001, 0x00b9, 0x1fff, 0x6000]);
  bytes.writeUInt16BE(value, L3 + 6);
});

const length = ofIp(0, (chance, { bytes, family }) => {
  const field = family === 4 ? L3 + 2 : L3 + 4;
  const value = bytes.readUInt16BE(field) + chance.pick([-1, 1, -8, 4, -20, 400, -40]);
  bytes.writeUInt16BE(Math.max(0, Math.min(65535, value)), field);
});

const headerLength = ofIp(4, (chance, { bytes }) => {
  bytes[L3] = 0x40 | chance.below(16);
});

const protocol = ofIp(0, (chance, { bytes, family }) => {
  bytes[family === 4 ? L3 + 9 : L3 + 6] = chance.pick([
    0,
    1,
    2,
    4,
    6,
    17,
    33,
    41,
    43,
    44,
    47,
    50,
    51,
    58,
    59,
    60,
    89,
    132,
    136,
    255,
    chance.below(256),
  ]);
});

const IPV4_OPTIONS: readonly (readonly number[])[] = [
  [1, 1, 1, 1],
  [7, 7, 4, 0, 0, 0, 0, 0],
  [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [68, 8, 5, 0, 0, 0, 0, 0],
  [68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  [131, 7, 4, 203, 0, 113, 1, 0],
  [137, 7, 4, 192, 0, 2, 9, 0],
  [148, 4, 0, 0],
  [130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0],
  [1, 0, 7, 7],
  [7, 3, 4, 0],
  [7, 40, 4, 0],
  [200, 4, 1, 2],
];

const ipv4Options = ofIp(4, (chance, packet) => {
  const old = packet.headerLength - 20;
  if (old < 0 || L3 + 20 + old > packet.end) return;
  const options = chance.pick(IPV4_OPTIONS);
  packet.splice(L3 + 20, old, options);
  packet.bytes[L3] = 0x45 + options.length / 4;
});

const IPV6_EXTENSIONS: readonly (readonly [type: number, body: readonly number[]])[] = [
  [Protocol.HOP_BY_HOP, [0, 1, 4, 0, 0, 0, 0]],
  [Protocol.HOP_BY_HOP, [0, 5, 2, 0, 0, 1, 0]],
  [Protocol.HOP_BY_HOP, [0, 0x82, 4, 0, 0, 0, 0]],
  [Protocol.HOP_BY_HOP, [0, 0xc2, 4, 0, 1, 0, 0]],
  [Protocol.OPTIONS, [0, 1, 4, 0, 0, 0, 0]],
  [Protocol.OPTIONS, [1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  [Protocol.OPTIONS, [0, 0xc9, 4, 0, 0, 0, 0]],
  [Protocol.ROUTING, [0, 0, 0, 0, 0, 0, 0]],
  [Protocol.ROUTING, [2, 2, 1, 0, 0, 0, 0, ...Array.from({ length: 16 }, () => 1)]],
  [Protocol.FRAGMENT, [0, 0, 0, 1, 2, 3, 4]],
  [51, [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]],
  [59, [0, 0, 0, 0, 0, 0, 0]],
];

const ipv6Extension = ofIp(6, (chance, packet) => {
  const [type, body] = chance.pick(IPV6_EXTENSIONS);
  const next = packet.bytes[L3 + 6]!;
  packet.bytes[L3 + 6] = type;
  packet.splice(L3 + 40, 0, [next, ...body]);
});

/** To or from an address that is special to the gateway. */
const specialAddress = ofIp(0, (chance, packet, side) => {
  const { family } = packet;
  const own = OWN[family === 4 ? 4 : 6];
  const special =
    family === 4
      ? [
          '255.255.255.255',
          '203.0.113.255',
          '224.0.0.1',
          '239.1.2.3',
          '0.0.0.0',
          '127.0.0.1',
          '240.0.0.1',
          '169.254.1.1',
          '203.0.113.77',
        ]
      : [
          'ff01::1',
          'ff02::1',
          'ff02::2',
          'ff05::2',
          'ff0e::1',
          '::',
          '::1',
          'fe80::1',
          '2001:db8:1::',
          '2001:db8:1::77',
        ];
  const value = chance.is(0.7) ? chance.pick([own[side], own.eth0, own.eth1]) : chance.pick(special);
  packet.setAddress(chance.is(0.8) ? 'to' : 'from', address(value));
});

const swappedEnds = ofIp(0, (_chance, packet) => {
  const { from, to } = packet.ends;
  packet.setAddress('from', address(to));
  packet.setAddress('to', address(from));
});

const linkAddress: Mutation = (chance, frame, side) => {
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

const brokenChecksum: Mutation = (chance, frame) => {
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

const anyBit: Mutation = (chance, frame) => {
  const bytes = Buffer.from(frame);
  const at = chance.between(Math.min(12, bytes.length - 1), Math.min(80, bytes.length - 1));
  bytes[at]! ^= 1 << chance.below(8);
  return [bytes];
};

const truncated: Mutation = (chance, frame) => {
  const bytes = Buffer.from(frame.subarray(0, chance.between(14, frame.length)));
  return [bytes];
};

const padded: Mutation = (chance, frame) =>
  frame.length > 1400 ? null : [Buffer.concat([frame, Buffer.from(chance.bytes(chance.between(1, 60)))])];

const repeated: Mutation = (_chance, frame) => [frame, frame];
const gone: Mutation = () => [];

/** Bytes of payload: what no header fits into, too. */
const SMALLEST_FRAGMENT = 8;

/** Cut into fragments, which then get lost, come twice, out of order or overlapping. */
const fragmented: Mutation = (chance, frame) => {
  const packet = new PacketEditor(frame);
  const { family } = packet;
  if (family === 0 || packet.headerLength < 20) return null;
  if (family === 4 && packet.bytes.readUInt16BE(L3 + 6) & 0x3fff) return null;
  const datagram = packet.datagram();
  const body = datagram.length - packet.headerLength;
  if (body <= SMALLEST_FRAGMENT) return null;
  const size =
    8 * chance.between(SMALLEST_FRAGMENT / 8, Math.max(SMALLEST_FRAGMENT, Math.min(body - 1, 800)) / 8);
  let pieces = fragments(datagram, Math.max(size, 8 * Math.ceil(body / 8 / 12)), chance.below(0xffffffff));
  const way = chance.below(8);
  if (way === 0) pieces.reverse();
  if (way === 1) pieces.splice(chance.below(pieces.length), 1);
  if (way === 2) pieces.push(pieces[chance.below(pieces.length)]!);
  if (way === 3)
    pieces = pieces
      .map((piece) => [piece, chance.below(100)] as const)
      .sort((a, b) => a[1] - b[1])
      .map(([piece]) => piece);
  if (way === 4) pieces = overlapping(chance, pieces, family);
  return pieces.map((piece) => {
    const cut = new PacketEditor(frame);
    cut.replaceDatagram(piece);
    return cut.bytes;
  });
};

/** One fragment's offset is moved. */
function overlapping(chance: Chance, pieces: number[][], family: 4 | 6): number[][] {
  const moved = [...pieces[chance.below(pieces.length)]!];
  const field = family === 4 ? 6 : 42;
  const step = (family === 4 ? 1 : 8) * chance.pick([1, -1]);
  const value = ((moved[field]! << 8) | moved[field + 1]!) + step;
  if (value < 0 || field + 1 >= moved.length) return pieces;
  moved.splice(field, 2, ...u16(value));
  if (family === 4) {
    moved.splice(10, 2, 0, 0);
    moved.splice(10, 2, ...u16(checksum(moved.slice(0, 20))));
  }
  return [...pieces.slice(0, -1), moved, ...pieces.slice(-1)];
}

/** Made so long that the other side's MTU has something to say. */
const long: Mutation = (chance, frame) => {
  const packet = new PacketEditor(frame);
  const transport = packet.transport;
  if (transport === null || packet.end - L3 > 1200) return null;
  const total = chance.pick([1500, 1480, 1400, 1401, 1300, 1281, 1280]);
  packet.splice(packet.end, 0, chance.bytes(Math.max(0, total - (packet.end - L3))));
  if (packet.family === 4 && chance.is(0.5)) packet.bytes[L3 + 6]! ^= 0x40;
  return edited(chance, packet);
};

/** An echo request from the packet's sender to the gateway or the packet's receiver. */
const ping: Mutation = (chance, frame, side) => {
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

export const MUTATIONS: readonly (readonly [weight: number, mutation: Mutation])[] = [
  [4, tcpFlags],
  [4, tcpNumbers],
  [1, tcpWindow],
  [1, tcpOffset],
  [3, tcpOptions],
  [3, tcpSyn],
  [2, ports],
  [1, udpLength],
  [2, icmpType],
  [2, payload],
  [3, hopLimit],
  [1, trafficClass],
  [2, ipv4Flags],
  [1, length],
  [1, headerLength],
  [2, protocol],
  [2, ipv4Options],
  [3, ipv6Extension],
  [4, specialAddress],
  [2, swappedEnds],
  [1, linkAddress],
  [1, brokenChecksum],
  [1, anyBit],
  [1, truncated],
  [1, padded],
  [2, repeated],
  [2, gone],
  [4, fragmented],
  [3, long],
  [3, ping],
];
