/**
 * PacketBuffer (Linux: sk_buff): one packet on its way, and what is known about it.
 *
 *        start        l2     l3        l4                    l3End    end
 *          │           │      │         │                      │       │
 *   bytes  ▼           ▼      ▼         ▼                      ▼       ▼
 *   ┌──────┬──────────────────┬─────────┬──────────────────────┬───────┬──────┐
 *   │ head │ Ethernet (+tags) │ IP      │ TCP, UDP, ICMP …     │ pad   │ tail │
 *   │ room │                  │ header  │                      │       │ room │
 *   └──────┴──────────────────┴─────────┴──────────────────────┴───────┴──────┘
 *
 * It is a window onto memory that somebody else owns (a chunk of a capture, a guest's ring). One instance is reused
 * packet after packet: whoever keeps a packet beyond the call copies it. A PacketBuffer that is handed to a Device or
 * to the stack is given away for the length of the call: the callee may rewrite its bytes.
 *
 * All offsets are absolute indices into `bytes`. The fields of the network layer are filled by `dissect` (dissect.ts) once
 * per packet and kept true by whoever rewrites the bytes (the setters in ipv4.ts, tcp.ts … change bytes and checksums;
 * src/netfilter/nat changes bytes and the fields here together).
 *
 * Every field is set in the constructor, in one order, as a small integer, so that all instances share one hidden
 * class. IPv4 addresses are signed 32-bit integers (`| 0`); an IPv6 address is four of them, most significant first;
 * an IPv4 address stands in word 0 with the other words 0 (as in Linux's nf_inet_addr).
 */
export class PacketBuffer {
  bytes: Uint8Array;
  /** First byte of the frame. */
  start: number;
  /** One past the last byte. */
  end: number;

  // ── Layer 2 ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Offset of the Ethernet header, or -1 when the packet has none (made by the gateway itself, or raw IP). */
  l2: number;
  /** EtherType of what starts at l3, after any tags; below 1536 it is an 802.3 length. */
  etherType: number;
  /** Tag control information of the outermost VLAN tag, or -1. */
  vlanTci: number;

  // ── Layer 3 ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** 4, 6, or 0 when it is not IP (or its header is unusable). */
  family: number;
  l3: number;
  /** One past the last byte of the IP datagram by its own length; what follows up to `end` is padding. */
  l3End: number;
  /** Protocol of what starts at l4: for IPv6 the last next-header value, extension headers skipped. */
  proto: number;
  /** Offset of the transport header; for a later fragment, of the fragment's data. */
  l4: number;
  /** Fragment offset in bytes; 0 for whole packets and first fragments. */
  fragOffset: number;
  /** 1 when more fragments follow. */
  moreFragments: number;
  src0: number;
  src1: number;
  src2: number;
  src3: number;
  dst0: number;
  dst1: number;
  dst2: number;
  dst3: number;

  // ── Layer 4, of whole packets and first fragments ──────────────────────────────────────────────────────────────
  /** 1 when the fixed part of the transport header lies inside the datagram (else ports are 0 and must not count). */
  l4Ok: number;
  /** TCP, UDP, UDP-Lite, SCTP, DCCP ports in host order; 0 otherwise. */
  sport: number;
  dport: number;

  // ── Metadata ───────────────────────────────────────────────────────────────────────────────────────────────────
  /** Interface index it came in on, 0 for the gateway's own. */
  iif: number;
  /** Interface index that routing chose, 0 before. */
  oif: number;
  /** One of PacketType (below). */
  packetType: number;
  /** nfmark, as a signed 32-bit integer. */
  mark: number;
  priority: number;
  /** Conntrack entry, 0 for none. With none, `ctInfo` tells UNTRACKED from INVALID. */
  ct: number;
  /** One of CtInfo (src/netfilter/conntrack/ct-info.ts). */
  ctInfo: number;
  /** 1 once TRACE has marked it. */
  traced: number;
  /** Next hop that routing chose, 4 words; for a directly connected destination the destination itself. */
  via0: number;
  via1: number;
  via2: number;
  via3: number;
  /** MTU of the route chosen, in bytes at layer 3; 0 before routing. */
  routeMtu: number;
  /** Largest fragment it was reassembled from, in bytes at layer 3; 0 when it came whole (Linux: frag_max_size). */
  fragMaxSize: number;
  /** Payload bytes of each segment that this one still has to be cut into, 0 for none (Linux: gso_size). */
  gsoSize: number;
  /** One of DropReason (src/netfilter/drop-reason.ts): why it ended, 0 while it lives. */
  dropReason: number;
  /** Which table and rule decided on it (src/netfilter/decision.ts), 0 while none has. */
  decision: number;
  /** Which packet of the input caused this one (1-based), 0 when nobody counts. */
  cause: number;
  /** One of ChecksumState (below): what is known of the transport checksum. */
  checksumState: number;
  /**
   * Of a packet that a bridge of the host passes to its rules: numbers of the ports it came by and leaves by, as interface
   * indices have them; 0 for none.
   */
  physIn: number;
  physOut: number;
  /** 1 when its way through the rules may be that of its whole flow (src/netfilter/flow-table.ts). */
  steady: number;

  constructor(bytes: Uint8Array = EMPTY, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.l2 = -1;
    this.etherType = 0;
    this.vlanTci = -1;
    this.family = 0;
    this.l3 = 0;
    this.l3End = 0;
    this.proto = 0;
    this.l4 = 0;
    this.fragOffset = 0;
    this.moreFragments = 0;
    this.src0 = 0;
    this.src1 = 0;
    this.src2 = 0;
    this.src3 = 0;
    this.dst0 = 0;
    this.dst1 = 0;
    this.dst2 = 0;
    this.dst3 = 0;
    this.l4Ok = 0;
    this.sport = 0;
    this.dport = 0;
    this.iif = 0;
    this.oif = 0;
    this.packetType = 0;
    this.mark = 0;
    this.priority = 0;
    this.ct = 0;
    this.ctInfo = 0;
    this.traced = 0;
    this.via0 = 0;
    this.via1 = 0;
    this.via2 = 0;
    this.via3 = 0;
    this.routeMtu = 0;
    this.fragMaxSize = 0;
    this.gsoSize = 0;
    this.dropReason = 0;
    this.decision = 0;
    this.cause = 0;
    this.checksumState = 0;
    this.physIn = 0;
    this.physOut = 0;
    this.steady = 0;
  }

  /** Points the window at other memory and forgets everything known about the packet before. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.l2 = -1;
    this.etherType = 0;
    this.vlanTci = -1;
    this.family = 0;
    this.l3 = start;
    this.l3End = end;
    this.proto = 0;
    this.l4 = start;
    this.fragOffset = 0;
    this.moreFragments = 0;
    this.l4Ok = 0;
    this.sport = 0;
    this.dport = 0;
    this.iif = 0;
    this.oif = 0;
    this.packetType = 0;
    this.mark = 0;
    this.priority = 0;
    this.ct = 0;
    this.ctInfo = 0;
    this.traced = 0;
    this.via0 = 0;
    this.via1 = 0;
    this.via2 = 0;
    this.via3 = 0;
    this.routeMtu = 0;
    this.fragMaxSize = 0;
    this.gsoSize = 0;
    this.dropReason = 0;
    this.decision = 0;
    this.cause = 0;
    this.checksumState = 0;
    this.physIn = 0;
    this.physOut = 0;
    this.steady = 0;
  }

  /** Bytes of the frame, layer 2 included. */
  get frameLength(): number {
    return this.end - this.start;
  }

  /** Bytes of the IP datagram: what rules count and `-m length` sees. */
  get l3Length(): number {
    return this.l3End - this.l3;
  }
}

/**
 * Bytes at layer 3 that the packet needs of its way: its length, or for a large TCP segment that a network card has yet
 * to cut, the length of the pieces (Linux: skb_gso_validate_network_len).
 */
export function lengthOnTheWay(pkt: PacketBuffer): number {
  const length = pkt.l3End - pkt.l3;
  if (pkt.gsoSize === 0) return length;
  const headers = pkt.l4 - pkt.l3 + ((pkt.bytes[pkt.l4 + 12]! >>> 4) << 2);
  return Math.min(length, headers + pkt.gsoSize);
}

/** What is known of the transport checksum: Linux's ip_summed, as far as it shows. */
export const ChecksumState = {
  /** Not looked at: whoever needs it right verifies it. */
  UNKNOWN: 0,
  /** Taken as right (verified, or repaired because the capture's card had left it out). */
  GOOD: 1,
  /**
   * Was found right by connection tracking before a rule changed the IPv6 header, which Linux's running sum includes (in
   * IPv4 the header's own checksum makes up for it).
   */
  OUTDATED: 2,
  /** Right, but Linux leaves it to the device: until then the field holds the pseudo header's sum (CHECKSUM_PARTIAL). */
  PENDING: 3,
  /** Found right a second time, by NAT: Linux never asks again, whatever is changed (CHECKSUM_UNNECESSARY). */
  SETTLED: 4,
  /** Found wrong by connection tracking. In OUTPUT, where a copy may come along, Linux does not look again. */
  WRONG: 5,
} as const;
export type ChecksumState = (typeof ChecksumState)[keyof typeof ChecksumState];

/** Linux's PACKET_HOST and its like (if_packet.h): for whom a frame is, judged by its destination MAC address. */
export const PacketType = {
  HOST: 0,
  BROADCAST: 1,
  MULTICAST: 2,
  OTHERHOST: 3,
  OUTGOING: 4,
  LOOPBACK: 5,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** To be called by whoever changes a field of an IPv6 header. */
export function outdateChecksum(pkt: PacketBuffer): void {
  if (pkt.ct > 0 && pkt.checksumState === ChecksumState.GOOD) pkt.checksumState = ChecksumState.OUTDATED;
}

/** Is the transport checksum known to be right, so that nobody computes it? */
export function isKnownRight(pkt: PacketBuffer): boolean {
  return pkt.checksumState === ChecksumState.GOOD || pkt.checksumState === ChecksumState.SETTLED;
}

/** Do both come from the same address and go to the same one? */
export function sameAddresses(a: PacketBuffer, b: PacketBuffer): boolean {
  return (
    a.src0 === b.src0 &&
    a.src1 === b.src1 &&
    a.src2 === b.src2 &&
    a.src3 === b.src3 &&
    a.dst0 === b.dst0 &&
    a.dst1 === b.dst1 &&
    a.dst2 === b.dst2 &&
    a.dst3 === b.dst3
  );
}

const EMPTY = new Uint8Array(0);
