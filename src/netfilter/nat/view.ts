/**
 * Address translation as its targets see it. `Nat` (nat.ts) implements it.
 */
import type { PacketBuffer } from '../../wire/packet-buffer.ts';

/** Which side of a tuple is rewritten (NF_NAT_MANIP_*). */
export const Manip = { SRC: 0, DST: 1 } as const;
export type Manip = (typeof Manip)[keyof typeof Manip];

/** NF_NAT_RANGE_* flags (uapi/linux/netfilter/nf_nat.h). */
export const NatFlag = {
  MAP_IPS: 1 << 0,
  PROTO_SPECIFIED: 1 << 1,
  PROTO_RANDOM: 1 << 2,
  PERSISTENT: 1 << 3,
  PROTO_RANDOM_FULLY: 1 << 4,
  PROTO_OFFSET: 1 << 5,
  NETMAP: 1 << 6,
} as const;

/** What a rule allows the translation to choose from (struct nf_nat_range2). Addresses are four int32 words. */
export interface NatRange {
  readonly flags: number;
  readonly minAddress: Int32Array;
  readonly maxAddress: Int32Array;
  /** Ports in host order (ICMP: identifiers); both 0 unless PROTO_SPECIFIED. */
  readonly minPort: number;
  readonly maxPort: number;
  /** With PROTO_OFFSET: the original port that maps to minPort. */
  readonly basePort: number;
}

export interface NatView {
  /**
   * Binds the packet's new connection to a translation out of `range` (Linux: nf_nat_setup_info). Returns
   * Verdict.ACCEPT, or DROP when no free tuple is left.
   */
  setup(pkt: PacketBuffer, range: NatRange, manip: Manip): number;

  /** The same for MASQUERADE, whose address belongs to an interface: a connection that leaves by another is ended. */
  setupMasquerade(pkt: PacketBuffer, range: NatRange, iface: number): number;
}
