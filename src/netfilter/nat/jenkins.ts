/**
 * Bob Jenkins' lookup3 hash over 32-bit words ("hashword", public domain, 2006). Linux chooses with it, without a secret, the
 * address out of a NAT range, the node of a cluster, HMARK's mark: the same choice needs the same function.
 */

const START = 0xdeadbeef;

const rot = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** Addresses are hashed as they lie in memory, most significant byte first, on a little-endian machine. */
export function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** floor(hash * span / 2^32), exactly: the product of two 32-bit numbers does not fit a double. */
export function scale(hash: number, span: number): number {
  // A span of 2^32 wraps to 0 in the kernel's 32 bits.
  const span32 = span >>> 0;
  const high = Math.floor(span32 / 65536);
  const low = span32 & 0xffff;
  return Math.floor((hash * high + Math.floor((hash * low) / 65536)) / 65536) >>> 0;
}

/** Hash of one word, as an unsigned 32-bit number. */
export function jenkins1(k0: number, initial: number): number {
  const start = (START + (1 << 2) + initial) | 0;
  return finish((start + k0) | 0, start, start);
}

/** Hash of two words. */
export function jenkins2(k0: number, k1: number, initial: number): number {
  const start = (START + (2 << 2) + initial) | 0;
  return finish((start + k0) | 0, (start + k1) | 0, start);
}

/** Hash of three words. */
export function jenkins3(k0: number, k1: number, k2: number, initial: number): number {
  const start = (START + (3 << 2) + initial) | 0;
  return finish((start + k0) | 0, (start + k1) | 0, (start + k2) | 0);
}

/** Hash of any number of words from `from` on, as an unsigned 32-bit number. */
export function jenkinsWords(words: Int32Array, from: number, count: number, initial: number): number {
  let a = (START + (count << 2) + initial) | 0;
  let b = a;
  let c = a;
  let at = from;
  let left = count;
  for (; left > 3; left -= 3, at += 3) {
    a = (a + words[at]!) | 0;
    b = (b + words[at + 1]!) | 0;
    c = (c + words[at + 2]!) | 0;
    a = ((a - c) | 0) ^ rot(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rot(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rot(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rot(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rot(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rot(b, 4);
    b = (b + a) | 0;
  }
  if (left > 2) c = (c + words[at + 2]!) | 0;
  if (left > 1) b = (b + words[at + 1]!) | 0;
  return left > 0 ? finish((a + words[at]!) | 0, b, c) : c >>> 0;
}

const four = new Int32Array(4);

/** Hash of four words. */
export function jenkins4(k0: number, k1: number, k2: number, k3: number, initial: number): number {
  four[0] = k0;
  four[1] = k1;
  four[2] = k2;
  four[3] = k3;
  return jenkinsWords(four, 0, four.length, initial);
}

function finish(a: number, b: number, c: number): number {
  c = ((c ^ b) - rot(b, 14)) | 0;
  a = ((a ^ c) - rot(c, 11)) | 0;
  b = ((b ^ a) - rot(a, 25)) | 0;
  c = ((c ^ b) - rot(b, 16)) | 0;
  a = ((a ^ c) - rot(c, 4)) | 0;
  b = ((b ^ a) - rot(a, 14)) | 0;
  c = ((c ^ b) - rot(b, 24)) | 0;
  return c >>> 0;
}
