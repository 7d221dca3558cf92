/** A mutation that cuts a packet into fragments. */
import { checksum, fragments, u16 } from '../../frames.ts';
import type { Chance } from '../chance.ts';
import { PacketEditor } from '../packet-editor.ts';
import { L3, type Mutation } from './mutation.ts';

/** Bytes of payload: what no header fits into, too. */
const SMALLEST_FRAGMENT = 8;

/** Cut into fragments, which then get lost, come twice, out of order or overlapping. */
export const fragmented: Mutation = (chance, frame) => {
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
