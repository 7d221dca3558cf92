/**
 * What the packet filter asks of the host that it stands in. The stack implements it (src/stack); tests use a small
 * one of their own. Netfilter never reaches into the stack otherwise.
 * All addresses are four int32 words, an IPv4 address in word 0. `out` arrays have four words.
 */
import type { ConntrackView } from './conntrack/view.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import type { Family, Hook } from './hook.ts';
import type { HandshakeServices } from './synproxy/segment.ts';

/** Linux's RTN_*: what kind of route leads to an address (`-m addrtype`). */
export const AddressType = {
  UNSPEC: 0,
  UNICAST: 1,
  LOCAL: 2,
  BROADCAST: 3,
  ANYCAST: 4,
  MULTICAST: 5,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
  THROW: 9,
  NAT: 10,
  XRESOLVE: 11,
} as const;
export type AddressType = (typeof AddressType)[keyof typeof AddressType];

/** Whoever a host hands packets to: one of its neighbours. The packet filter only keeps it. */
export interface NextHop {
  readonly device: { readonly index: number };
}

/** What rules may ask about a socket of the host (Linux: struct sock, as far as xt_owner, xt_socket and xt_cgroup see it). */
export interface SocketFacts {
  /** Who opened it, with supplementary groups; null for the sockets of the host itself, by which it sends ICMP. */
  readonly owner: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | null;
  /** Class id of net_cls, 0 for none, and the path within the cgroup tree, `/` for its root. */
  readonly cgroupClass: number;
  readonly cgroupPath: string;
  readonly mark: number;
  /** IP_TRANSPARENT. */
  readonly transparent: boolean;
  /** Bound to no address of its own. */
  readonly wildcard: boolean;
}

export interface HostServices {
  /** Grows whenever interfaces, addresses, routes or settings do: from then on packets may go other ways. */
  readonly wayGeneration: number;
  /**
   * May a packet that arrived leave at once by that neighbour? It must be in no need of anything else on its way: an ICMP
   * error, options looked at, pieces made. If so, the host sends it there when the hook is done.
   */
  mayLeaveAtOnce(pkt: PacketBuffer, hop: NextHop, mtu: number): boolean;

  /** Name of an interface index; the empty string for 0 or none. */
  interfaceName(index: number): string;
  /** Index of a name; 0 when there is none. */
  interfaceIndex(name: string): number;
  /** Grows whenever interfaces come, go or are renamed. */
  readonly interfaceGeneration: number;

  /** Device group of an interface (`ip link set DEV group N`). Absent: all are in group 0. */
  interfaceGroup?(index: number): number;

  /** The socket that sent the packet, null for packets that are forwarded or the host's own. Absent: there are none. */
  senderOf?(pkt: PacketBuffer): SocketFacts | null;
  /** The socket that would take the packet, wherever it goes. Absent: there are none. */
  receiverOf?(pkt: PacketBuffer, iif: number): SocketFacts | null;
  /** The socket that listens for the packet's protocol at an address and port (all 0: the packet's own); absent: none does. */
  listenerAt?(pkt: PacketBuffer, address: Int32Array, port: number): SocketFacts | null;

  /** The kind of address, looked up in the routing tables, optionally as seen from one interface (0: any). */
  addressType(family: Family, w0: number, w1: number, w2: number, w3: number, iface: number): AddressType;

  /** The source address that MASQUERADE uses: the primary (v6: best) address of `oif` towards the packet's next hop. */
  masqueradeAddress(pkt: PacketBuffer, oif: number, out: Int32Array): boolean;
  /** The address that REDIRECT uses for packets from outside: the first address of the incoming interface. */
  redirectAddress(pkt: PacketBuffer, out: Int32Array): boolean;

  /** MTU of the packet's route in bytes; with `reverse`, of the route back to its source. 0 when there is none. */
  pathMtu(pkt: PacketBuffer, reverse: boolean): number;

  /**
   * Does the way back to the packet's source leave by the interface it came in on (`-m rpfilter`)? With `loose` any way
   * will do; a source of this host's own has one only with `acceptLocal`.
   */
  hasReversePath(pkt: PacketBuffer, iif: number, loose: boolean, acceptLocal: boolean): boolean;

  /**
   * Sends a copy of the packet to a gateway, untracked, as if this host had made it (`-j TEE`); `oif` limits the ways to one
   * interface, 0 does not. Copies are not copied again.
   */
  duplicate(pkt: PacketBuffer, gateway: Int32Array, oif: number, hook: Hook): void;

  /** Routes a locally made packet again after OUTPUT changed its addresses, mark or TOS. False: no route. */
  reroute(pkt: PacketBuffer): boolean;

  /**
   * Answers `pkt` with an ICMP(v6) error, sent through OUTPUT and POSTROUTING like any other packet. `hook` says where
   * the packet stands (before routing the host looks up the way itself). Limits and "never answer an error with an
   * error" are the host's business.
   */
  rejectWithIcmp(pkt: PacketBuffer, type: number, code: number, hook: Hook): void;
  /** Answers a TCP segment with a reset, likewise, where it deserves one; its connection is then closing. */
  rejectWithReset(pkt: PacketBuffer, hook: Hook, conntrack: Pick<ConntrackView, 'setClosing'>): void;

  /** What SYNPROXY asks of the host's TCP. Absent: it answers nothing. */
  readonly handshakes?: HandshakeServices;

  /**
   * Collects fragments for connection tracking. Returns Verdict.ACCEPT when `pkt` is now the whole datagram (its window
   * then lies on memory of the fragment queue), STOLEN when it was kept, DROP (with a reason) when it was refused.
   * `zone` and `hook` keep queues of different users apart.
   */
  defragment(pkt: PacketBuffer, hook: Hook, zone: number): number;
  /** Payload bytes of the pieces that a datagram lies in, the headers with the first; undefined for one that lies in one. */
  piecesOf?(pkt: PacketBuffer): Int32Array | undefined;
}
