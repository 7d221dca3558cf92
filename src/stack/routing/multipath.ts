/**
 * Which of several next hops a packet takes (Linux: fib_select_multipath, fib_multipath_hash_policy): all packets of a flow the
 * same one, flows spread by the weights. Dead next hops (their device is down) get none.
 */
import { IPPROTO_TCP, IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Route } from './route.ts';

/** The hash is of 31 bits. */
const HASH_RANGE = 0x80000000;

/** @param hash - what `multipathHash` gave */
export function choosePath(paths: readonly Route[], hash: number): Route {
  let total = 0;
  for (const path of paths) if (path.device.up) total += path.weight;
  let bound = 0;
  for (const path of paths) {
    if (!path.device.up) continue;
    bound += path.weight;
    if (hash < Math.round((bound * HASH_RANGE) / total)) return path;
  }
  return paths[0]!;
}

/**
 * fib_multipath_hash, from 0 to 2³¹ − 1, under a key of the host's.
 * @param policy - 0: by addresses; 1: by addresses, protocol and ports
 */
export function multipathHash(pkt: PacketBuffer, policy: number, secret: number): number {
  let h = secret;
  h = mix(h, pkt.src0 ^ pkt.src1);
  h = mix(h, pkt.src2 ^ pkt.src3);
  h = mix(h, pkt.dst0 ^ pkt.dst1);
  h = mix(h, pkt.dst2 ^ pkt.dst3);
  if (policy === 1) {
    h = mix(h, pkt.proto);
    if (pkt.proto === IPPROTO_TCP || pkt.proto === IPPROTO_UDP) h = mix(h, (pkt.sport << 16) | pkt.dport);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 1;
}

function mix(h: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  const mixed = h ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
