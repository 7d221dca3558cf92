/**
 * Frames made out of frames: one property changed as networks, middleboxes and attackers change it. What a mutation
 * gives back takes the frame's place: itself changed, several frames, or both it and others.
 */
import { fragmented } from './fragments.ts';
import * as frame from './frame.ts';
import type { Mutation } from './mutation.ts';
import * as network from './network.ts';
import * as transport from './transport.ts';

/** How often each is drawn. The order belongs to what a seed means. */
export const MUTATIONS: readonly (readonly [weight: number, mutation: Mutation])[] = [
  [4, transport.tcpFlags],
  [4, transport.tcpNumbers],
  [1, transport.tcpWindow],
  [1, transport.tcpOffset],
  [3, transport.tcpOptions],
  [3, transport.tcpSyn],
  [2, transport.ports],
  [1, transport.udpLength],
  [2, transport.icmpType],
  [2, transport.payload],
  [3, network.hopLimit],
  [1, network.trafficClass],
  [2, network.ipv4Flags],
  [1, network.length],
  [1, network.headerLength],
  [2, network.protocol],
  [2, network.ipv4Options],
  [3, network.ipv6Extension],
  [4, network.specialAddress],
  [2, network.swappedEnds],
  [1, frame.linkAddress],
  [1, frame.brokenChecksum],
  [1, frame.anyBit],
  [1, frame.truncated],
  [1, frame.padded],
  [2, frame.repeated],
  [2, frame.gone],
  [4, fragmented],
  [3, frame.long],
  [3, frame.ping],
];
