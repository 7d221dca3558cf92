/** Call signalling of H.225.0 in Q.931 and TPKTs, for cases and tests. */
import { u16 } from '../../src/conform/frames.ts';
import { alone, endpoint, GUID, h225, PROTOCOL, type Transport, type Write } from './h323-bits.ts';

export interface Signalling {
  readonly h245?: Transport;
  readonly fastStart?: readonly (readonly number[])[];
  /** Messages of H.245 that travel with it. */
  readonly tunnelled?: readonly (readonly number[])[];
}

function fastStartExtensions(
  { fastStart }: Signalling,
  before: readonly (readonly number[] | null)[],
): Write {
  return (bits) => {
    if (fastStart === undefined && before.every((part) => part === null)) return;
    const list =
      fastStart === undefined
        ? null
        : alone((own) => {
            own.octets([fastStart.length]);
            for (const one of fastStart) own.sized(one);
          });
    bits.extensions([...before, list]);
  };
}

function userInformation(index: number, body: Write, { tunnelled }: Signalling): number[] {
  return alone((bits) => {
    bits
      .put(0, 2)
      .put(tunnelled === undefined ? 0 : 1, 1)
      .put(0, 1)
      .put(0, 1)
      .put(index, 3)
      .with(body);
    if (tunnelled === undefined) return;
    const list = alone((own) => {
      own.octets([tunnelled.length]);
      for (const one of tunnelled) own.sized(one);
    });
    bits.extensions([null, [0x80], list]);
  });
}

export interface SetupFields extends Signalling {
  readonly called?: Transport;
  readonly calling?: Transport;
}

export function setup(fields: SetupFields): number[] {
  const { h245: control, called, calling, fastStart } = fields;
  const body: Write = (bits) => {
    bits.put(calling === undefined && fastStart === undefined ? 0 : 1, 1);
    bits
      .put(control === undefined ? 0 : 1, 1)
      .put(0, 2)
      .put(called === undefined ? 0 : 1, 1)
      .put(0, 3)
      .sized(PROTOCOL);
    if (control !== undefined) bits.with(h225(control));
    bits.with(endpoint);
    if (called !== undefined) bits.with(h225(called));
    bits.put(0, 1).octets(GUID).put(0, 3).put(0, 3);
    const source = calling === undefined ? null : alone(h225(calling));
    bits.with(fastStartExtensions(fields, [source, null, null, null, null, null]));
  };
  return q931(5, userInformation(0, body, fields));
}

/** callProceeding (1) or alerting (3). */
export function progressing(index: 1 | 3, fields: Signalling): number[] {
  const body: Write = (bits) => {
    bits
      .put(fields.fastStart === undefined ? 0 : 1, 1)
      .put(fields.h245 === undefined ? 0 : 1, 1)
      .sized(PROTOCOL);
    bits.with(endpoint);
    if (fields.h245 !== undefined) bits.with(h225(fields.h245));
    bits.with(fastStartExtensions(fields, [null, null, null, null]));
  };
  return q931(index === 1 ? 2 : 1, userInformation(index, body, fields));
}

export function connect(fields: Signalling): number[] {
  const body: Write = (bits) => {
    bits
      .put(fields.fastStart === undefined ? 0 : 1, 1)
      .put(fields.h245 === undefined ? 0 : 1, 1)
      .sized(PROTOCOL);
    if (fields.h245 !== undefined) bits.with(h225(fields.h245));
    bits.with(endpoint).octets(GUID);
    bits.with(fastStartExtensions(fields, [null, null, null, null]));
  };
  return q931(7, userInformation(2, body, fields));
}

/** A facility message that asks to start H.245. */
export function facility(control: Transport): number[] {
  const body: Write = (bits) => {
    bits.put(1, 1).put(0, 3).sized(PROTOCOL).put(1, 1).put(1, 7).sized([0]);
    bits.extensions([null, null, null, null, null, null, alone(h225(control))]);
  };
  return q931(0x62, userInformation(6, body, {}));
}

/** A facility message that sends the call on to another place. */
export function forwarding(to: Transport): number[] {
  const body: Write = (bits) =>
    bits.put(0, 1).put(0b100, 3).sized(PROTOCOL).with(h225(to)).put(0, 1).put(1, 2);
  return q931(0x62, userInformation(6, body, {}));
}

export function q931(type: number, contents: readonly number[]): number[] {
  const element = [0x7e, ...u16(contents.length + 1), 5, ...contents];
  return [8, 2, 0x12, 0x34, type, 0x04, 3, 0x88, 0xc0, 0xa5, ...element];
}

export function tpkt(message: readonly number[]): number[] {
  return [3, 0, ...u16(message.length + 4), ...message];
}
