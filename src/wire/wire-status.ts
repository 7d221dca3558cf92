/**
 * What a look at a header found. Zero is well; everything else says which length or field does not hold. The hot path
 * compares and counts these; nobody throws.
 */
export const WireStatus = {
  OK: 0,
  /** The frame carries no IP (ARP, 802.3, other EtherTypes): no fault. */
  NOT_IP: 1,
  /** The headers are whole, but the datagram says that it is longer than the bytes at hand (a cut capture, or a lie). */
  CUT: 2,
  /** The bytes end before the fixed part of the header does. */
  SHORT: 3,
  /** The version field is not what the EtherType promised. */
  BAD_VERSION: 4,
  /** IPv4: header length below 20 bytes, or past the end of the bytes. */
  BAD_IHL: 5,
  /** A length field smaller than the header that holds it. */
  BAD_LENGTH: 6,
  /** IPv6: the chain of extension headers leaves the datagram. */
  BAD_EXTENSION: 7,
  /** More VLAN tags than we follow. */
  TOO_MANY_TAGS: 8,
} as const;
export type WireStatus = (typeof WireStatus)[keyof typeof WireStatus];
