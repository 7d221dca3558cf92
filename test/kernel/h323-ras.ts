/** Messages of RAS, for cases and tests: gatekeepers, registrations, admissions. */
import { u16 } from '../../src/conform/frames.ts';
import { alone, endpoint, GUID, h225, PROTOCOL, type Transport, type Write } from './h323-bits.ts';

function ras(index: number, write: Write): number[] {
  return alone((bits) => bits.put(0, 1).put(index, 5).with(write));
}

const list =
  (items: readonly Transport[]): Write =>
  (bits) => {
    bits.octets([items.length]);
    for (const item of items) bits.with(h225(item));
  };
const identifier: Write = (bits) => bits.put(1, 7).octets([0, 0x45, 0, 0x50]);
const vendor: Write = (bits) => bits.put(0, 3).put(0, 1).octets([9, 0, 0, 0x3d]);

function lifetime(seconds: number): number[] {
  const value = seconds - 1;
  return alone((bits) => bits.put(1, 2).octets(u16(value)));
}

/** Extensions behind a lifetime: tokens, none, and `keepAlive`, with something that nobody knows. */
const REST: readonly (readonly number[] | null)[] = [null, null, null, [0x80, 0, 0]];

export function gatekeeperRequest(own: Transport): number[] {
  return ras(0, (bits) =>
    bits.put(0, 1).put(0, 4).octets(u16(1)).sized(PROTOCOL).with(h225(own)).with(endpoint),
  );
}

export function gatekeeperConfirm(at: Transport): number[] {
  return ras(1, (bits) => bits.put(0, 1).put(0, 2).octets(u16(1)).sized(PROTOCOL).with(h225(at)));
}

export function registrationRequest(
  calls: readonly Transport[],
  own: readonly Transport[],
  seconds = 0,
  rest = REST,
): number[] {
  return ras(3, (bits) => {
    bits
      .put(seconds === 0 ? 0 : 1, 1)
      .put(0, 3)
      .octets(u16(2))
      .sized(PROTOCOL)
      .put(1, 1);
    bits.with(list(calls)).with(list(own)).with(endpoint).with(vendor);
    if (seconds !== 0) bits.extensions([null, lifetime(seconds), ...rest]);
  });
}

export function registrationConfirm(calls: readonly Transport[], seconds = 0, rest = REST): number[] {
  return ras(4, (bits) => {
    bits
      .put(seconds === 0 ? 0 : 1, 1)
      .put(0, 3)
      .octets(u16(2))
      .sized(PROTOCOL)
      .with(list(calls))
      .with(identifier);
    if (seconds !== 0) bits.extensions([null, lifetime(seconds), ...rest]);
  });
}

export function unregistrationRequest(calls: readonly Transport[]): number[] {
  return ras(6, (bits) => bits.put(0, 1).put(0, 3).octets(u16(3)).with(list(calls)));
}

export function admissionRequest(called?: Transport, calling?: Transport): number[] {
  return ras(9, (bits) => {
    bits
      .put(0, 1)
      .put(0, 2)
      .put(called === undefined ? 0 : 1, 1)
      .put(0, 1)
      .put(calling === undefined ? 0 : 1, 1)
      .put(0, 2);
    bits.octets(u16(4)).put(0, 3).with(identifier);
    if (called !== undefined) bits.with(h225(called));
    bits.octets([0]);
    if (calling !== undefined) bits.with(h225(calling));
    bits.put(1, 2).octets(u16(1280)).octets(u16(7)).octets(GUID).put(0, 2);
  });
}

export function admissionConfirm(called: Transport): number[] {
  return ras(10, (bits) => {
    bits.put(0, 1).put(0, 2).octets(u16(4)).put(1, 2).octets(u16(1280)).put(0, 2).with(h225(called));
  });
}

export function locationRequest(reply: Transport): number[] {
  return ras(18, (bits) => bits.put(0, 1).put(0, 2).octets(u16(5)).octets([0]).with(h225(reply)));
}

export function locationConfirm(called: Transport, own: Transport): number[] {
  return ras(19, (bits) => bits.put(0, 1).put(0, 1).octets(u16(5)).with(h225(called)).with(h225(own)));
}

export function infoResponse(own: Transport, calls: readonly Transport[]): number[] {
  return ras(22, (bits) => {
    bits.put(0, 1).put(0, 3).octets(u16(6)).with(endpoint).with(identifier).with(h225(own)).with(list(calls));
  });
}
