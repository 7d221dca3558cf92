/** Addresses of groups and sources as messages have them, and the groups that nobody joins. */
import { readI32 } from '../../../wire/bytes.ts';
import type { Words } from './sources.ts';

/** 224.0.0.0/24 is never snooped: routing protocols don't join. */
export const LOCAL_GROUPS = 0xe00000;

export function ip4At(bytes: Uint8Array, at: number): Words {
  return [readI32(bytes, at), 0, 0, 0];
}

export function wordsAt(bytes: Uint8Array, at: number): Words {
  return [readI32(bytes, at), readI32(bytes, at + 4), readI32(bytes, at + 8), readI32(bytes, at + 12)];
}

/** Groups that nobody joins: those of the link, in IPv6 that of all nodes. */
export function isLocal([w0, w1, w2, w3]: Words, family: 4 | 6): boolean {
  return family === 4 ? w0 >>> 8 === LOCAL_GROUPS : isAllNodes(w0, w1, w2, w3);
}

/** ff02::1: everybody is a member, nobody says so. */
export function isAllNodes(w0: number, w1: number, w2: number, w3: number): boolean {
  return w0 >>> 0 === 0xff020000 && w1 === 0 && w2 === 0 && w3 === 1;
}
