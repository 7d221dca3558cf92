/** Connections of SCTP, GRE, UDP-Lite and protocols without ports, tracked and (IPv4) translated. */
import { TimeLine, swapped } from '../../flow.ts';
import {
  checksum,
  packet,
  pseudoHeader,
  text,
  u16,
  u32,
  type Bytes,
  type Ends,
} from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SCTP = 132;
const UDP = 17;
const UDPLITE = 136;
const GRE = 47;

/** CRC-32c (RFC 9260 appendix A), bit by bit; SCTP has it in little-endian order. */
function crc32c(bytes: Bytes): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

interface Chunk {
  readonly type: number;
  readonly flags?: number;
  readonly body?: Bytes;
}

function sctp(ends: Ends, sport: number, dport: number, tag: number, chunks: readonly Chunk[]): number[] {
  const body = chunks.flatMap(({ type, flags = 0, body: value = [] }) => [
    type,
    flags,
    ...u16(4 + value.length),
    ...value,
    ...new Array<number>((4 - (value.length % 4)) % 4).fill(0),
  ]);
  const bytes = [...u16(sport), ...u16(dport), ...u32(tag), 0, 0, 0, 0, ...body];
  const sum = crc32c(bytes);
  bytes.splice(8, 4, sum & 0xff, (sum >>> 8) & 0xff, (sum >>> 16) & 0xff, sum >>> 24);
  return packet(ends, SCTP, bytes);
}

const INIT = (tag: number): Chunk => ({
  type: 1,
  body: [...u32(tag), ...u32(65536), ...u16(1), ...u16(1), ...u32(1)],
});
const INIT_ACK = (tag: number): Chunk => ({ ...INIT(tag), type: 2 });
const DATA: Chunk = {
  type: 0,
  flags: 3,
  body: [...u32(1), ...u16(0), ...u16(0), ...u32(0), ...text('hello')],
};
const [SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT] = [3, 4, 5, 6].map((type): Chunk => ({ type, body: u32(1) }));
const [SHUTDOWN, SHUTDOWN_ACK, COOKIE_ECHO, COOKIE_ACK, SHUTDOWN_COMPLETE] = [7, 8, 10, 11, 14].map(
  (type): Chunk => ({ type, body: type === 7 ? u32(1) : [] }),
);

/**
 * Covers the header of eight bytes only (RFC 3828). The checksum's pseudo header has UDP-Lite's protocol number, yet
 * Linux's connection tracking checks it with UDP's; `pseudo` chooses.
 */
function udplite(ends: Ends, sport: number, dport: number, payload: Bytes, pseudo = UDPLITE): number[] {
  const header = [...u16(sport), ...u16(dport), ...u16(8), 0, 0];
  const sum = checksum([...pseudoHeader(ends, pseudo, 8 + payload.length), ...header]);
  return packet(ends, UDPLITE, [...header.slice(0, 6), ...u16(sum), ...payload]);
}

for (const [ends, seen] of [
  [
    { from: '10.0.0.2', to: '198.51.100.7' },
    { from: '198.51.100.7', to: '203.0.113.1' },
  ],
  [
    { from: 'fd00:a::2', to: '2001:db8:9::7' },
    { from: '2001:db8:9::7', to: 'fd00:a::2' },
  ],
] as const) {
  const out = (port: number, tag: number, ...chunks: Chunk[]): TimeLine =>
    line.inside(sctp(ends, port, 5000, tag, chunks));
  const back = (port: number, tag: number, ...chunks: Chunk[]): TimeLine =>
    line.outside(sctp(seen, 5000, port, tag, chunks));
  // A whole association, from INIT to SHUTDOWN COMPLETE.
  out(1000, 0, INIT(11));
  back(1000, 11, INIT_ACK(22));
  out(1000, 22, COOKIE_ECHO!);
  back(1000, 11, COOKIE_ACK!);
  out(1000, 22, DATA);
  back(1000, 11, SACK!);
  out(1000, 22, HEARTBEAT!);
  back(1000, 11, HEARTBEAT_ACK!);
  out(1000, 22, SHUTDOWN!);
  back(1000, 11, SHUTDOWN_ACK!);
  out(1000, 22, SHUTDOWN_COMPLETE!);
  // Aborted; wrong verification tag; data without an association; an INIT with a tag; HEARTBEAT first.
  out(1001, 0, INIT(33));
  back(1001, 33, ABORT!);
  out(1002, 0, INIT(44));
  back(1002, 45, INIT_ACK(55));
  back(1002, 44, INIT_ACK(55));
  out(1002, 56, COOKIE_ECHO!);
  out(1002, 55, COOKIE_ECHO!, DATA);
  out(1003, 1, DATA);
  out(1004, 7, INIT(66));
  out(1005, 77, HEARTBEAT!);
  back(1005, 78, HEARTBEAT_ACK!);
  out(1006, 0, SHUTDOWN_COMPLETE!);
  out(1007, 0, INIT(88), DATA);
  const broken = sctp(ends, 1008, 5000, 0, [INIT(99)]);
  broken[broken.length - 1]! ^= 1;
  line.inside(broken);

  line.inside(udplite(ends, 2000, 2001, text('lightly checked')));
  line.outside(udplite(seen, 2001, 2000, text('answer')));
  line.inside(udplite(ends, 2002, 2003, text('checked like UDP'), UDP));
  line.outside(udplite(seen, 2003, 2002, text('answer'), UDP));
  // GRE version 0 with and without a key, version 1 (PPTP's), and one with a routing field.
  line.inside(packet(ends, GRE, [0, 0, 8, 0, ...text('plain')]));
  line.outside(packet(seen, GRE, [0, 0, 8, 0, ...text('plain')]));
  line.inside(packet(ends, GRE, [0x20, 0, 8, 0, ...u32(7), ...text('keyed')]));
  line.inside(packet(ends, GRE, [0x30, 1, 0x88, 0x0b, 0, 0, ...u16(5), ...u32(0)]));
  line.inside(packet(ends, GRE, [0x40, 0, 8, 0, 0, 0, 0, 0]));
  line.inside(packet(ends, 4, packet({ from: '192.0.2.1', to: '192.0.2.2' }, 253, text('tunnelled'))));
  line.outside(packet(seen, 4, packet({ from: '192.0.2.2', to: '192.0.2.1' }, 253, text('tunnelled'))));
  line.inside(packet(ends, 50, [...u32(1), ...u32(1), ...text('secret..')]));
  line.inside(packet(ends, 103, text('PIM?')));
}
line.outside(udplite(swapped({ from: '10.0.0.2', to: '198.51.100.7' }), 1, 2, text('unasked')));

export const steps = line.steps;
