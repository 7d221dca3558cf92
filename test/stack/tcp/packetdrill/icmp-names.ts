/** ICMP errors by packetdrill's names: type and code. */
type Numbers = readonly [type: number, code: number];

export const ICMP_CODES: Readonly<Record<string, Numbers>> = {
  unreachable: [3, 0],
  'unreachable net_unreachable': [3, 0],
  'unreachable host_unreachable': [3, 1],
  'unreachable protocol_unreachable': [3, 2],
  'unreachable port_unreachable': [3, 3],
  'unreachable frag_needed': [3, 4],
  'unreachable source_route_failed': [3, 5],
  'unreachable net_unknown': [3, 6],
  'unreachable host_unknown': [3, 7],
  'unreachable source_host_isolated': [3, 8],
  'unreachable net_prohibited': [3, 9],
  'unreachable host_prohibited': [3, 10],
  'unreachable net_unreachable_for_tos': [3, 11],
  'unreachable host_unreachable_for_tos': [3, 12],
  'unreachable packet_filtered': [3, 13],
  'unreachable precedence_violation': [3, 14],
  'unreachable precedence_cutoff': [3, 15],
  source_quench: [4, 0],
  time_exceeded: [11, 0],
  'time_exceeded exceeded_ttl': [11, 0],
  'time_exceeded exceeded_reassembly': [11, 1],
  parameter_problem: [12, 0],
};

export const ICMPV6_CODES: Readonly<Record<string, Numbers>> = {
  unreachable: [1, 0],
  'unreachable no_route': [1, 0],
  'unreachable admin_prohibited': [1, 1],
  'unreachable not_neighbour': [1, 2],
  'unreachable address_unreachable': [1, 3],
  'unreachable host_unreachable': [1, 3],
  'unreachable port_unreachable': [1, 4],
  packet_too_big: [2, 0],
  time_exceeded: [3, 0],
  'time_exceeded exceeded_hop_limit': [3, 0],
  parameter_problem: [4, 0],
};
