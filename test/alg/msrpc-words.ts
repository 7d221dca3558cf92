/** PDUs of DCE/RPC and answers of the endpoint mapper, encoded by hand, and a connection to it that is bound. */
import { Talk, World, type WorldOptions } from './support.ts';

export const HELPER = '-p tcp -m tcp --dport 135 -j CT --helper msrpc';
export const [BIND, BIND_ACK, REQUEST, RESPONSE, FAULT] = [11, 12, 0, 2, 3];
const WHOLE = 3;

/** Numbers in one byte order. */
export class Order {
  readonly isLittle: boolean;

  constructor(isLittle: boolean) {
    this.isLittle = isLittle;
  }

  u16(value: number): number[] {
    const bytes = [(value >> 8) & 0xff, value & 0xff];
    return this.isLittle ? bytes.reverse() : bytes;
  }

  u32(value: number): number[] {
    const bytes = [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
    return this.isLittle ? bytes.reverse() : bytes;
  }

  uuid(text: string): number[] {
    const hex = text.replaceAll('-', '');
    const part = (from: number, to: number): number => parseInt(hex.slice(from, to), 16);
    const tail = Array.from({ length: 8 }, (_, i) => part(16 + 2 * i, 18 + 2 * i));
    return [...this.u32(part(0, 8)), ...this.u16(part(8, 12)), ...this.u16(part(12, 16)), ...tail];
  }
}

export const LITTLE = new Order(true);
export const BIG = new Order(false);
export const MAPPER = 'e1af8308-5d1f-11c9-91a4-08002b14a0fa';
export const OTHER = '12345678-1234-abcd-ef00-0123456789ab';
const NDR = '8a885d04-1ceb-11c9-9fe8-08002b104860';

export interface PduFields {
  readonly order?: Order;
  readonly flags?: number;
  readonly call?: number;
  readonly length?: number;
  readonly auth?: number;
}

export function pdu(type: number, body: readonly number[], fields: PduFields = {}): string {
  const { order = LITTLE, flags = WHOLE, call = 1, length = 16 + body.length, auth = 0 } = fields;
  const head = [5, 0, type, flags, order.isLittle ? 0x10 : 0, 0, 0, 0];
  return Buffer.from([
    ...head,
    ...order.u16(length),
    ...order.u16(auth),
    ...order.u32(call),
    ...body,
  ]).toString('latin1');
}

export function bind(
  contexts: readonly (readonly [id: number, uuid: string])[],
  fields: PduFields = {},
): string {
  const { order = LITTLE } = fields;
  const list = contexts.flatMap(([id, uuid]) => [
    ...order.u16(id),
    1,
    0,
    ...order.uuid(uuid),
    ...order.u32(3),
    ...order.uuid(NDR),
    ...order.u32(2),
  ]);
  return pdu(
    BIND,
    [...order.u16(4280), ...order.u16(4280), ...order.u32(0), contexts.length & 0xff, 0, 0, 0, ...list],
    fields,
  );
}

export function bindAck(results: readonly number[], fields: PduFields = {}, address = '135\0'): string {
  const { order = LITTLE } = fields;
  const secondary = [...order.u16(address.length), ...Buffer.from(address, 'latin1')];
  while (secondary.length % 4 !== 0) secondary.push(0);
  const list = results.flatMap((result) => [
    ...order.u16(result),
    ...order.u16(0),
    ...order.uuid(NDR),
    ...order.u32(2),
  ]);
  return pdu(
    BIND_ACK,
    [...order.u16(4280), ...order.u16(4280), ...order.u32(9), ...secondary, results.length, 0, 0, 0, ...list],
    fields,
  );
}

export function request(context: number, fields: PduFields = {}, operation = 3): string {
  const { order = LITTLE } = fields;
  return pdu(REQUEST, [...order.u32(0), ...order.u16(context), ...order.u16(operation), 1, 2, 3, 4], fields);
}

const floor = (left: readonly number[], right: readonly number[]): number[] => [
  ...LITTLE.u16(left.length),
  ...left,
  ...LITTLE.u16(right.length),
  ...right,
];

export function tower(port: number, address: readonly number[], protocol = 7): number[] {
  return [
    ...LITTLE.u16(5),
    ...floor([0x0d, ...LITTLE.uuid(OTHER), 1, 0], [0, 0]),
    ...floor([0x0d, ...LITTLE.uuid(NDR), 2, 0], [0, 0]),
    ...floor([0x0b], [0, 0]),
    ...floor([protocol], BIG.u16(port)),
    ...floor([9], address),
  ];
}

/** Of ept_map. */
export function answerStub(towers: readonly (readonly number[])[], order: Order, status = 0): number[] {
  return listStub(
    towers,
    towers.flatMap((_, i) => order.u32(3 + i)),
    order,
    status,
  );
}

/** Of ept_lookup, each tower with an annotation. */
export function lookupStub(
  towers: readonly (readonly number[])[],
  order: Order,
  annotation = 'a mapper\0',
): number[] {
  const words = [...Buffer.from(annotation, 'latin1')];
  const entries = towers.flatMap((_, i) => {
    const entry = [
      ...order.uuid(OTHER),
      ...order.u32(3 + i),
      ...order.u32(0),
      ...order.u32(words.length),
      ...words,
    ];
    while (entry.length % 4 !== 0) entry.push(0);
    return entry;
  });
  return listStub(towers, entries, order, 0);
}

function listStub(
  towers: readonly (readonly number[])[],
  items: readonly number[],
  order: Order,
  status: number,
): number[] {
  const stub = [
    ...new Array<number>(20).fill(0),
    ...order.u32(towers.length),
    ...order.u32(Math.max(4, towers.length)),
    ...order.u32(0),
    ...order.u32(towers.length),
    ...items,
  ];
  for (const one of towers) {
    stub.push(...order.u32(one.length), ...order.u32(one.length), ...one);
    while (stub.length % 4 !== 0) stub.push(0);
  }
  return [...stub, ...order.u32(status)];
}

export function response(stub: readonly number[], context = 0, fields: PduFields = {}): string {
  const { order = LITTLE } = fields;
  return pdu(RESPONSE, [...order.u32(0), ...order.u16(context), 0, 0, ...stub], fields);
}

export const SERVER = [198, 51, 100, 7];
export const answer = (order = LITTLE, port = 49_664, address: readonly number[] = SERVER): string =>
  response(answerStub([tower(port, address)], order), 0, { order });

export function bound(options: WorldOptions = {}, order = LITTLE): [World, Talk] {
  const world = new World({ helper: HELPER, ...options });
  const talk = new Talk(world, { serverPort: 135 });
  talk.says(bind([[0, MAPPER]], { order })).answers(bindAck([0], { order }));
  return [world, talk];
}

export const OPEN = ['tcp 10.0.0.2:* → 198.51.100.7:49664'];
export const state = (world: World): string => [...world.flows.all][0]!.state;
