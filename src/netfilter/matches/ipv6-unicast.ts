/**
 * Whether Linux calls an IPv6 address unicast (ipv6_addr_type): every address but the unspecified one, groups and
 * IPv4-mapped ones (::ffff:0:0/96).
 */
export function isIpv6Unicast(w0: number, w1: number, w2: number, w3: number): boolean {
  if (w0 >>> 24 === 0xff) return false;
  if ((w0 | w1) !== 0) return true;
  return w2 === 0 ? w3 !== 0 : w2 !== 0xffff;
}
