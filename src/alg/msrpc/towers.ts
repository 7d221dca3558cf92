/**
 * The answer of ept_map (C706 O, L): towers, each of which names a way to an interface floor by floor: interface, syntax,
 * protocol, port, address. The stub is in the byte order of its PDU, the floors' lengths are little-endian always, ports
 * and addresses big-endian.
 */
import { readI32, readU16 } from '../../wire/bytes.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { MAX_FLOORS, MAX_TOWERS } from './facts.ts';

const HANDLE_LENGTH = 20;
const TCP_FLOOR = 0x07;
const UDP_FLOOR = 0x08;
const IP_FLOOR = 0x09;

export interface Tower {
  readonly proto: number;
  readonly port: number;
  /** Where the port stands in the stub. */
  readonly portAt: number;
  /** The IPv4 address, 0 for the host that answers; null where there is none. */
  readonly address: number | null;
  readonly addressAt: number;
}

/** The towers of a whole answer that name a port; null for what is no such answer. */
export function readTowers(stub: Uint8Array, isLittle: boolean): Tower[] | null {
  const view = new DataView(stub.buffer, stub.byteOffset, stub.length);
  const u32 = (at: number): number => view.getUint32(at, isLittle);
  // Handle, number of towers, then an array with its size, offset and length.
  let at = HANDLE_LENGTH + 16;
  if (at > stub.length) return null;
  const count = u32(HANDLE_LENGTH + 12);
  if (u32(HANDLE_LENGTH + 8) !== 0 || count !== u32(HANDLE_LENGTH)) return null;
  if (count > u32(HANDLE_LENGTH + 4) || count > MAX_TOWERS || at + 4 * count > stub.length) return null;
  const pointers = Array.from({ length: count }, (_, i) => u32(at + 4 * i));
  at += 4 * count;
  const towers: Tower[] = [];
  for (const pointer of pointers) {
    if (pointer === 0) continue;
    if (at + 8 > stub.length) return null;
    const length = u32(at + 4);
    const start = at + 8;
    if (length !== u32(at) || length > stub.length - start) return null;
    const tower = readTower(stub, start, start + length);
    if (tower === null) return null;
    if (tower.proto !== 0) towers.push(tower);
    at = (start + length + 3) & ~3;
  }
  // Behind them the status: 0 for success.
  return at + 4 === stub.length && u32(at) === 0 ? towers : null;
}

function readTower(stub: Uint8Array, start: number, end: number): Tower | null {
  if (start + 2 > end) return null;
  const floors = littleU16(stub, start);
  if (floors > MAX_FLOORS) return null;
  let [proto, port, portAt, address, addressAt] = [0, 0, 0, null as number | null, 0];
  let at = start + 2;
  for (let i = 0; i < floors; i++) {
    if (at + 2 > end) return null;
    const left = littleU16(stub, at);
    const right = at + 2 + left;
    if (left === 0 || right + 2 > end) return null;
    const length = littleU16(stub, right);
    const value = right + 2;
    if (value + length > end) return null;
    const kind = stub[at + 2]!;
    if ((kind === TCP_FLOOR || kind === UDP_FLOOR) && length === 2) {
      proto = kind === TCP_FLOOR ? IPPROTO_TCP : IPPROTO_UDP;
      port = readU16(stub, value);
      portAt = value;
    } else if (kind === IP_FLOOR && length === 4) {
      address = readI32(stub, value);
      addressAt = value;
    }
    at = value + length;
  }
  return at === end ? { proto, port, portAt, address, addressAt } : null;
}

function littleU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}
