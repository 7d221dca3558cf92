/**
 * Which member of a bond a frame leaves by (Linux: bond_xmit_hash): a hash of the addresses in the frame, of layer 2, of layers 2
 * and 3, or of 3 and 4. Words are read as a little-endian machine reads them, which is what decides among three.
 */
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import * as ipv6 from '../../wire/ipv6.ts';

export const HASH_POLICIES = ['layer2', 'layer3+4', 'layer2+3'] as const;
export type HashPolicy = (typeof HASH_POLICIES)[number];

export function frameHash(bytes: Uint8Array, start: number, end: number, policy: HashPolicy): number {
  const type = ethernet.type(bytes, start);
  const l3 = start + ethernet.HEADER_LENGTH;
  const isIp =
    (type === ETH_P_IP && l3 + ipv4.HEADER_LENGTH <= end) ||
    (type === ETH_P_IPV6 && l3 + ipv6.HEADER_LENGTH <= end);
  const layer2 = bytes[start + 5]! ^ bytes[start + 11]! ^ type;
  if (policy === 'layer2' || !isIp) return layer2;
  const ports = policy === 'layer3+4' ? portWord(bytes, l3, end, type) : 0;
  let hash = policy === 'layer2+3' ? layer2 : ports;
  if (type === ETH_P_IP) hash ^= wordAt(bytes, l3 + 16) ^ wordAt(bytes, l3 + 12);
  else hash ^= hash6(bytes, l3 + ipv6.DST_AT) ^ hash6(bytes, l3 + ipv6.SRC_AT);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  // The lowest bit of ports is often even.
  return policy === 'layer3+4' ? hash >>> 1 : hash >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** ipv6_addr_hash without its secret: the words in one (flow_get_u32_src). */
function hash6(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at) ^ wordAt(bytes, at + 4) ^ wordAt(bytes, at + 8) ^ wordAt(bytes, at + 12);
}

/** Both ports of a whole datagram, 0 of others. */
function portWord(bytes: Uint8Array, l3: number, end: number, type: number): number {
  const isV4 = type === ETH_P_IP;
  const protocol = isV4 ? ipv4.protocol(bytes, l3) : ipv6.nextHeader(bytes, l3);
  const isFragment = isV4 && (ipv4.fragWord(bytes, l3) & (ipv4.FLAG_MF | ipv4.FRAG_OFFSET_MASK)) !== 0;
  const l4 = l3 + (isV4 ? ipv4.headerLength(bytes, l3) : ipv6.HEADER_LENGTH);
  if (isFragment || l4 + 4 > end || (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP)) return 0;
  return wordAt(bytes, l4);
}
