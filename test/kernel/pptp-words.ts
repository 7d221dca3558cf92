/** PPTP's control messages (RFC 2637 2) and GRE of its calls, for cases and tests. */
import { packet, u16, u32, type Ends } from '../../src/conform/frames.ts';

const GRE = 47;
const LENGTHS: Readonly<Record<number, number>> = {
  1: 144,
  2: 144,
  3: 4,
  4: 4,
  5: 4,
  6: 8,
  7: 156,
  8: 20,
  9: 208,
  10: 12,
  11: 16,
  12: 4,
  13: 136,
  14: 28,
  15: 12,
};

/** A message of a type that begins with these fields; the rest of it is zero. */
export function control(type: number, ...fields: readonly (readonly number[])[]): number[] {
  const length = 12 + (LENGTHS[type] ?? 4);
  const message = [...u16(length), ...u16(1), ...u32(0x1a2b3c4d), ...u16(type), 0, 0, ...fields.flat()];
  return [...message, ...new Array<number>(Math.max(0, length - message.length)).fill(0)];
}

export const startRequest = (): number[] => control(1, u16(0x100));
export const startReply = (result = 1): number[] => control(2, u16(0x100), [result, 0]);
export const stopRequest = (): number[] => control(3, [1]);
export const stopReply = (result = 1): number[] => control(4, [result]);
export const outRequest = (id: number): number[] => control(7, u16(id), u16(1));
export const outReply = (id: number, peer: number, result = 1): number[] =>
  control(8, u16(id), u16(peer), [result, 0]);
export const inRequest = (id: number): number[] => control(9, u16(id), u16(1));
export const inReply = (id: number, peer: number, result = 1): number[] =>
  control(10, u16(id), u16(peer), [result, 0]);
export const inConnected = (peer: number): number[] => control(11, u16(peer));
export const clearRequest = (id: number): number[] => control(12, u16(id));
export const disconnect = (id: number): number[] => control(13, u16(id), [4, 0]);
export const wanError = (peer: number): number[] => control(14, u16(peer));
export const linkInfo = (peer: number): number[] => control(15, u16(peer), [0, 0], u32(0xffffffff));

/** A packet of a call: version 1 of GRE with the receiver's id. */
export function greCall(ends: Ends, callId: number): number[] {
  return packet(ends, GRE, [0x30, 0x01, 0x88, 0x0b, 0, 4, ...u16(callId), ...u32(1), 0xff, 0x03, 0xc0, 0x21]);
}
