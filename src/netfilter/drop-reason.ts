/**
 * Why a packet ended. Every drop, wherever it happens, carries exactly one of these in `PacketBuffer.dropReason`, and
 * a counter per reason is kept; reports print the text. Linux: enum skb_drop_reason, as far as it applies.
 */
const REASONS = {
  NONE: '',
  // Layer 2
  FRAME_TOO_SHORT: 'frame too short',
  OTHER_HOST: 'not addressed to this host (destination MAC)',
  VLAN_UNKNOWN: 'VLAN without an interface',
  UNKNOWN_ETHERTYPE: 'unknown network protocol',
  INTERFACE_DOWN: 'interface is down',
  FRAME_TOO_LONG: 'frame longer than the interface takes',
  // IP input
  IP_HEADER: 'bad IP header',
  IP_CHECKSUM: 'bad IP header checksum',
  IP_TRUNCATED: 'IP length exceeds the frame',
  IP_OPTIONS: 'bad IP options',
  SOURCE_ROUTE: 'source route refused',
  MARTIAN_SOURCE: 'martian source',
  MARTIAN_DESTINATION: 'martian destination',
  IPV6_EXTENSION: 'bad IPv6 extension header',
  REVERSE_PATH: 'reverse path filter',
  IPV6_DISABLED: 'IPv6 is switched off on the interface',
  // Fragments
  FRAGMENT_BAD: 'bad fragment',
  FRAGMENT_OVERLAP: 'overlapping fragment',
  FRAGMENT_TIMEOUT: 'reassembly timed out',
  FRAGMENT_MEMORY: 'reassembly memory limit',
  FRAGMENT_QUEUED: 'fragment, waits for the others',
  // Netfilter
  RULE: 'rule',
  POLICY: 'policy',
  QUEUE_NO_LISTENER: 'queued to userspace, where nobody listens',
  HOT_DROP: 'a match could not be decided on the packet (header incomplete)',
  CONNTRACK_FULL: 'connection table full',
  CONNTRACK_REFUSED: 'connection tracking refused the packet',
  CONNTRACK_CLASH: 'connection clashed with another at confirmation',
  NAT_FAILED: 'no free address and port for the translation',
  HELPER: 'connection tracking helper refused the packet',
  SYNPROXY: 'answered by SYNPROXY',
  SYNPROXY_COOKIE: 'acknowledges no cookie of SYNPROXY',
  // Routing and forwarding
  NO_ROUTE: 'no route',
  ROUTE_BLACKHOLE: 'blackhole route',
  ROUTE_UNREACHABLE: 'unreachable route',
  ROUTE_PROHIBIT: 'prohibit route',
  FORWARDING_OFF: 'forwarding is off',
  TTL_EXCEEDED: 'time to live exceeded',
  TOO_BIG: 'exceeds the MTU and must not be fragmented',
  NEIGHBOUR_FAILED: 'next hop does not answer',
  NEIGHBOUR_QUEUED: 'waits for the next hop to answer',
  NEIGHBOUR_QUEUE_FULL: 'queue for the unresolved next hop is full',
  HOME_QUEUE_FULL: 'too much of what this host sends comes back to it',
  NOT_MEMBER: 'multicast group that this host did not join',
  BROADCAST_FORWARD: 'layer 2 broadcast is not forwarded',
  // Local delivery
  TRANSPORT_HEADER: 'bad transport header',
  TRANSPORT_CHECKSUM: 'bad transport checksum',
  NO_PROTOCOL: 'no such protocol here',
  NO_SOCKET: 'no socket',
  TCP_OUT_OF_WINDOW: 'TCP segment out of window or out of time',
  ICMP_CHECKSUM: 'bad ICMP checksum',
  ICMP_IGNORED: 'ICMP message ignored',
  ICMP_BROADCAST: 'ICMP echo to broadcast ignored',
  ARP_IGNORED: 'ARP message ignored',
  ND_IGNORED: 'neighbour discovery message ignored',
  // Switches
  SWITCH_POLICY: 'refused by the port policy',
  SWITCH_SOURCE: 'source address that no station can have',
  SWITCH_VLAN: 'VLAN that the switch port does not carry',
  SWITCH_LOCKED: 'locked switch port, source address not authorised',
  SWITCH_BLOCKED: 'switch port does not forward (spanning tree)',
  SWITCH_RESERVED: 'reserved link-local group, not forwarded by switches',
  SWITCH_SAME_PORT: 'destination is behind the port that the frame came from',
  SWITCH_NOBODY: 'no port takes the frame',
  SWITCH_REVERSE_PATH: 'copy of a frame sent from here, back on another uplink',
  SWITCH_SHAPED: 'over the bandwidth of the switch port',
  SWITCH_GROUP: 'IGMP or MLD message, or IP header, that is malformed',
} as const;

export type DropReasonName = keyof typeof REASONS;

const NAMES = Object.keys(REASONS) as DropReasonName[];

/** `DropReason.RULE` and so on: small integers, in the order above; NONE is 0. */
export const DropReason = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Readonly<
  Record<DropReasonName, number>
>;

export const DROP_REASON_COUNT = NAMES.length;

export function dropReasonName(reason: number): DropReasonName {
  return NAMES[reason] ?? 'NONE';
}

/** The words shown to people. */
export function dropReasonText(reason: number): string {
  return REASONS[dropReasonName(reason)];
}
