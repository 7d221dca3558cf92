/**
 * The answers of ept_map and ept_lookup (C706 O, L): towers, each of which names a way to an interface floor by floor: interface, syntax,
 * protocol, port, address. The stub is in the byte order of its PDU, the floors' lengths are little-endian always, ports
 * and addresses big-endian.
 */
import { readI32, readU16 } from '../../wire/bytes.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { MAX_FLOORS, MAX_TOWERS } from './facts.ts';

const HANDLE_LENGTH = 20;
/** Where the items of an answer's array begin. */
const ITEMS = HANDLE_LENGTH + 16;
const UUID_LENGTH = 16;
/** UUID, pointer, offset and length of the annotation, which follows. */
const ENTRY_LENGTH = UUID_LENGTH + 12;
const MAX_ANNOTATION = 64;
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

/** Towers that name a port, of a whole answer of ept_map: pointers to them. Null for what is no such answer. */
export function readMap(stub: Uint8Array, isLittle: boolean): Tower[] | null {
  const view = new DataView(stub.buffer, stub.byteOffset, stub.length);
  const count = itemCount(view, isLittle);
  if (count < 0 || ITEMS + 4 * count > stub.length) return null;
  const pointers = Array.from({ length: count }, (_, i) => view.getUint32(ITEMS + 4 * i, isLittle));
  return pointedTowers(view, pointers, ITEMS + 4 * count, isLittle);
}

/** The same of ept_lookup: entries of an object's UUID, a pointer and an annotation. */
export function readLookup(stub: Uint8Array, isLittle: boolean): Tower[] | null {
  const view = new DataView(stub.buffer, stub.byteOffset, stub.length);
  const count = itemCount(view, isLittle);
  if (count < 0) return null;
  const pointers: number[] = [];
  let at = ITEMS;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_LENGTH > stub.length) return null;
    pointers.push(view.getUint32(at + UUID_LENGTH, isLittle));
    const length = view.getUint32(at + ENTRY_LENGTH - 4, isLittle);
    if (length > MAX_ANNOTATION) return null;
    at = (at + ENTRY_LENGTH + length + 3) & ~3;
  }
  return pointedTowers(view, pointers, at, isLittle);
}

/** Behind a handle: how many there are, and an array's size, offset and length. -1 where these do not agree. */
function itemCount(view: DataView, isLittle: boolean): number {
  if (view.byteLength < ITEMS) return -1;
  const u32 = (at: number): number => view.getUint32(at, isLittle);
  const count = u32(HANDLE_LENGTH);
  const [size, offset, length] = [u32(HANDLE_LENGTH + 4), u32(HANDLE_LENGTH + 8), u32(HANDLE_LENGTH + 12)];
  return offset !== 0 || length !== count || count > size || count > MAX_TOWERS ? -1 : count;
}

/** What the pointers lead to, one behind the other from `start` on, and at the end the status: 0 for success. */
function pointedTowers(
  view: DataView,
  pointers: readonly number[],
  start: number,
  isLittle: boolean,
): Tower[] | null {
  const stub = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const towers: Tower[] = [];
  let at = start;
  for (const pointer of pointers) {
    if (pointer === 0) continue;
    if (at + 8 > stub.length) return null;
    const length = view.getUint32(at + 4, isLittle);
    const from = at + 8;
    if (length !== view.getUint32(at, isLittle) || length > stub.length - from) return null;
    const tower = readTower(stub, from, from + length);
    if (tower === null) return null;
    if (tower.proto !== 0) towers.push(tower);
    at = (from + length + 3) & ~3;
  }
  return at + 4 === stub.length && view.getUint32(at, isLittle) === 0 ? towers : null;
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
