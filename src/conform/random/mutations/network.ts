/** Mutations of the headers of IPv4 and IPv6. */
import { address } from '../../frames.ts';
import { OWN } from '../../standard-gateway.ts';
import { Protocol } from '../packet-editor.ts';
import { ofIp, L3 } from './mutation.ts';

export const hopLimit = ofIp(0, (chance, { bytes, family }) => {
  bytes[family === 4 ? L3 + 8 : L3 + 7] = chance.pick([0, 1, 2, 3, 64, 255]);
});

export const trafficClass = ofIp(0, (chance, { bytes, family }) => {
  const value = chance.below(256);
  if (family === 4) bytes[L3 + 1] = value;
  else bytes.writeUInt16BE((bytes.readUInt16BE(L3) & 0xf00f) | (value << 4), L3);
});

export const ipv4Flags = ofIp(4, (chance, { bytes }) => {
  const value = chance.is(0.6)
    ? bytes.readUInt16BE(L3 + 6) ^ chance.pick([0x4000, 0x8000])
    : chance.pick([0x2000, 0x0001, 0x2001, 0x00b9, 0x1fff, 0x6000]);
  bytes.writeUInt16BE(value, L3 + 6);
});

export const length = ofIp(0, (chance, { bytes, family }) => {
  const field = family === 4 ? L3 + 2 : L3 + 4;
  const value = bytes.readUInt16BE(field) + chance.pick([-1, 1, -8, 4, -20, 400, -40]);
  bytes.writeUInt16BE(Math.max(0, Math.min(65535, value)), field);
});

export const headerLength = ofIp(4, (chance, { bytes }) => {
  bytes[L3] = 0x40 | chance.below(16);
});

export const protocol = ofIp(0, (chance, { bytes, family }) => {
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

export const ipv4Options = ofIp(4, (chance, packet) => {
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

export const ipv6Extension = ofIp(6, (chance, packet) => {
  const [type, body] = chance.pick(IPV6_EXTENSIONS);
  const next = packet.bytes[L3 + 6]!;
  packet.bytes[L3 + 6] = type;
  packet.splice(L3 + 40, 0, [next, ...body]);
});

/** To or from an address that is special to the gateway. */
export const specialAddress = ofIp(0, (chance, packet, side) => {
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

export const swappedEnds = ofIp(0, (_chance, packet) => {
  const { from, to } = packet.ends;
  packet.setAddress('from', address(to));
  packet.setAddress('to', address(from));
});
