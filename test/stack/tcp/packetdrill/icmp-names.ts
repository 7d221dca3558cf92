/** ICMP by packetdrill's names, or by number (`type_3 code_1`): type and code. */
import { ScriptError } from './script.ts';

type Numbers = readonly [type: number, code: number];

const TYPES_4: Readonly<Record<string, number>> = {
  echo_reply: 0,
  unreachable: 3,
  source_quench: 4,
  redirect: 5,
  echo_request: 8,
  time_exceeded: 11,
  parameter_problem: 12,
  timestamp_request: 13,
  timestamp_reply: 14,
  information_request: 15,
  information_reply: 16,
  address_mask_request: 17,
  address_mask_reply: 18,
};

const TYPES_6: Readonly<Record<string, number>> = {
  unreachable: 1,
  packet_too_big: 2,
  time_exceeded: 3,
  parameter_problem: 4,
  echo_request: 128,
  echo_reply: 129,
};

const CODES_4: Readonly<Record<string, number>> = {
  'unreachable net_unreachable': 0,
  'unreachable host_unreachable': 1,
  'unreachable protocol_unreachable': 2,
  'unreachable port_unreachable': 3,
  'unreachable frag_needed': 4,
  'unreachable source_route_failed': 5,
  'unreachable net_unknown': 6,
  'unreachable host_unknown': 7,
  'unreachable source_host_isolated': 8,
  'unreachable net_prohibited': 9,
  'unreachable host_prohibited': 10,
  'unreachable net_unreachable_for_tos': 11,
  'unreachable host_unreachable_for_tos': 12,
  'unreachable packet_filtered': 13,
  'unreachable precedence_violation': 14,
  'unreachable precedence_cutoff': 15,
  'time_exceeded exceeded_ttl': 0,
  'time_exceeded exceeded_reassembly': 1,
};

const CODES_6: Readonly<Record<string, number>> = {
  'unreachable no_route': 0,
  'unreachable admin_prohibited': 1,
  'unreachable not_neighbour': 2,
  'unreachable address_unreachable': 3,
  'unreachable host_unreachable': 3,
  'unreachable port_unreachable': 4,
  'time_exceeded exceeded_hop_limit': 0,
  'time_exceeded exceeded_reassembly': 1,
};

/** Throws ScriptError for a name that is none. */
export function icmpNumbers(family: 4 | 6, type: string, code: string): Numbers {
  const types = family === 4 ? TYPES_4 : TYPES_6;
  const codes = family === 4 ? CODES_4 : CODES_6;
  const typeNumber = numbered(type, 'type') ?? types[type];
  const codeNumber = code === '' ? 0 : (numbered(code, 'code') ?? codes[`${type} ${code}`]);
  if (typeNumber === undefined || codeNumber === undefined)
    throw new ScriptError(`ICMP ${`${type} ${code}`.trim()} of IPv${family} is not known here`);
  return [typeNumber, codeNumber];
}

/** `type_3`, `code_255`. */
function numbered(word: string, name: string): number | undefined {
  const found = new RegExp(`^${name}_(\\d+)$`).exec(word);
  return found === null ? undefined : Number(found[1]);
}
