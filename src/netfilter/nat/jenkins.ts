/**
 * Bob Jenkins' lookup3 hash over 32-bit words ("hashword", public domain, 2006). Linux chooses the address out of a NAT
 * range with it (initial value given, no secret), so the same choice needs the same function.
 */

const rot = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** Hash of four words, as an unsigned 32-bit number. */
export function jenkins4(k0: number, k1: number, k2: number, k3: number, initial: number): number {
  const start = (0xdeadbeef + (4 << 2) + initial) | 0;
  let a = (start + k0) | 0;
  let b = (start + k1) | 0;
  let c = (start + k2) | 0;

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

  a = (a + k3) | 0;

  c = ((c ^ b) - rot(b, 14)) | 0;
  a = ((a ^ c) - rot(c, 11)) | 0;
  b = ((b ^ a) - rot(a, 25)) | 0;
  c = ((c ^ b) - rot(b, 16)) | 0;
  a = ((a ^ c) - rot(c, 4)) | 0;
  b = ((b ^ a) - rot(a, 14)) | 0;
  c = ((c ^ b) - rot(b, 24)) | 0;
  return c >>> 0;
}
