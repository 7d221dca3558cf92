/** Messages of H.245, for cases and tests: channels opened and agreed to. */
import { u16 } from '../../src/conform/frames.ts';
import { alone, h245, type Transport } from './h323-bits.ts';

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
