/**
 * Messages of H.323 for cases and tests, encoded by hand: the aligned variant of PER (X.691), H.225.0's call signalling in
 * Q.931 and TPKTs, RAS, and H.245.
 */
import { address, u16 } from '../../src/conform/frames.ts';

class Bits {
  private readonly bytes: number[] = [];
  private used = 0;

  put(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) {
      if (this.used % 8 === 0) this.bytes.push(0);
      const bit = Math.floor(value / 2 ** i) % 2;
      this.bytes[this.bytes.length - 1]! |= bit << (7 - (this.used % 8));
      this.used++;
    }
    return this;
  }

  align(): this {
    this.used = this.bytes.length * 8;
    return this;
  }

  octets(octets: readonly number[]): this {
    this.align();
    for (const octet of octets) this.put(octet, 8);
    return this;
  }

  /** Octets with their length in front. */
  sized(octets: readonly number[]): this {
    this.align();
    if (octets.length < 0x80) this.put(octets.length, 8);
    else this.put(0x8000 + octets.length, 16);
    return this.octets(octets);
  }

  /** Extensions: which there are, and each as octets of its own. */
  extensions(parts: readonly (readonly number[] | null)[]): this {
    this.put(0, 1).put(parts.length - 1, 6);
    for (const part of parts) this.put(part === null ? 0 : 1, 1);
    for (const part of parts) if (part !== null) this.sized(part);
    return this;
  }

  with(write: (bits: this) => unknown): this {
    write(this);
    return this;
  }

  get done(): number[] {
    return [...this.bytes];
  }
}

export interface Transport {
  readonly ip: string;
  readonly port: number;
}

type Write = (bits: Bits) => unknown;
const PROTOCOL = [0x00, 0x08, 0x91, 0x4a, 0x00, 0x04];
const GUID = Array.from({ length: 16 }, (_, i) => i);

/** TransportAddress of H.225.0. */
function h225({ ip, port }: Transport): Write {
  const octets = address(ip);
  return (bits) => {
    bits.put(0, 1).put(octets.length === 4 ? 0 : 3, 3);
    if (octets.length !== 4) bits.put(0, 1);
    bits.octets(octets).octets(u16(port));
  };
}

/** TransportAddress of H.245. */
function h245({ ip, port }: Transport): Write {
  const octets = address(ip);
  return (bits) => {
    bits
      .put(0, 2)
      .put(0, 1)
      .put(octets.length === 4 ? 0 : 2, 3)
      .put(0, 1);
    bits.octets(octets).octets(u16(port));
  };
}

function alone(write: Write): number[] {
  return new Bits().with(write).done;
}

const endpoint: Write = (bits) => bits.put(0, 1).put(0b000001, 6).put(0, 2).put(0, 2);

// ── H.245 ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Media {
  readonly rtp?: Transport;
  readonly rtcp?: Transport;
}

function parameters({ rtp, rtcp }: Media): number[] {
  return alone((bits) => {
    bits
      .put(0, 1)
      .put(0, 2)
      .put(rtp === undefined ? 0 : 1, 1)
      .put(0, 1)
      .put(rtcp === undefined ? 0 : 1, 1)
      .put(0, 5);
    bits.octets([1]);
    if (rtp !== undefined) bits.with(h245(rtp));
    if (rtcp !== undefined) bits.with(h245(rtcp));
  });
}

/** OpenLogicalChannel for audio (or T.120 over a stack of its own), forward and perhaps reverse. */
export function openChannel(forward: Media, reverse?: Media, stack?: Transport): number[] {
  return alone((bits) => {
    bits
      .put(stack === undefined ? 0 : 1, 1)
      .put(reverse === undefined ? 0 : 1, 1)
      .octets(u16(0));
    bits.put(0, 2);
    if (stack === undefined) bits.put(0, 1).put(3, 3).put(0, 1).put(3, 4).octets([19]);
    else {
      // data, t120, separateLANStack, and a rate.
      bits.put(0, 1).put(4, 3).put(0, 1).put(0, 1).put(1, 4);
      bits.put(1, 1).put(0, 1).put(3, 6).sized([0]);
      bits.put(0, 2).octets([0]);
    }
    bits.put(1, 1).put(0, 7).sized(parameters(forward));
    if (reverse !== undefined) {
      bits.put(0, 1).put(1, 1).put(0, 1).put(3, 3).put(0, 1).put(3, 4).octets([19]);
      bits.put(1, 1).put(0, 7).sized(parameters(reverse));
    }
    if (stack !== undefined) bits.extensions([separateStack(stack)]);
  });
}

function separateStack(stack: Transport): number[] {
  return alone((bits) => bits.put(0, 3).put(0, 1).put(2, 2).with(h245(stack)).put(0, 1));
}

export function openRequest(forward: Media, reverse?: Media, stack?: Transport): number[] {
  const channel = openChannel(forward, reverse, stack);
  return inside(0b000, 4, 3, channel);
}

/** OpenLogicalChannelAck: where the one who agrees wants to have it. */
export function openAnswer(forward: Media, reverse?: Media): number[] {
  const { rtp, rtcp } = forward;
  return alone((bits) => {
    bits.put(0b001, 3).put(0, 1).put(5, 5);
    bits
      .put(1, 1)
      .put(reverse === undefined ? 0 : 1, 1)
      .octets(u16(0));
    if (reverse !== undefined) {
      bits.put(0, 1).put(0, 1).put(1, 1).octets(u16(0)).put(1, 1).put(0, 7).sized(parameters(reverse));
    }
    const acknowledged = alone((own) => {
      own
        .put(0, 1)
        .put(0, 1)
        .put(0, 1)
        .put(1, 1)
        .put(rtp === undefined ? 0 : 1, 1)
        .put(rtcp === undefined ? 0 : 1, 1)
        .put(0, 1);
      own.put(0, 8);
      if (rtp !== undefined) own.with(h245(rtp));
      if (rtcp !== undefined) own.with(h245(rtcp));
    });
    bits.extensions([null, acknowledged]);
  });
}

/** An alternative of a request; the channel's bits follow those of the choices without a gap. */
function inside(kind: number, count: number, index: number, channel: readonly number[]): number[] {
  // Eight bits of choices: the channel begins at an octet, as it was encoded.
  return [...alone((bits) => bits.put(kind, 3).put(0, 1).put(index, count)), ...channel];
}

// ── Call signalling ─────────────────────────────────────────────────────────────────────────────────────────────────

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

export function q931(type: number, contents: readonly number[]): number[] {
  const element = [0x7e, ...u16(contents.length + 1), 5, ...contents];
  return [8, 2, 0x12, 0x34, type, 0x04, 3, 0x88, 0xc0, 0xa5, ...element];
}

export function tpkt(message: readonly number[]): number[] {
  return [3, 0, ...u16(message.length + 4), ...message];
}

// ── RAS ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

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
