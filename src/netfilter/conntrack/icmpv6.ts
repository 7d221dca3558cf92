/**
 * ICMPv6 queries (RFC 4443, RFC 4620): which types pair, which may begin an entry, and which are never tracked, because
 * they concern one link only (neighbour discovery, multicast listeners). Errors and redirects are icmp-error.ts.
 */
import * as icmpv6 from '../../wire/icmpv6.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Hook } from '../hook.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';

export function icmpv6Answer(type: number): number {
  switch (type) {
    case icmpv6.ECHO_REQUEST:
      return icmpv6.ECHO_REPLY;
    case icmpv6.ECHO_REPLY:
      return icmpv6.ECHO_REQUEST;
    case icmpv6.NODE_INFO_QUERY:
      return icmpv6.NODE_INFO_REPLY;
    case icmpv6.NODE_INFO_REPLY:
      return icmpv6.NODE_INFO_QUERY;
    default:
      return -1;
  }
}

export function isUntrackedIcmpv6(type: number): boolean {
  return (type >= icmpv6.MLD_QUERY && type <= icmpv6.NEIGHBOUR_ADVERTISEMENT) || type === icmpv6.MLD2_REPORT;
}

export class Icmpv6Tracker implements Tracker {
  private readonly parts: TrackerParts;

  constructor(parts: TrackerParts) {
    this.parts = parts;
  }

  packet(entry: number, pkt: PacketBuffer, direction: number, _hook: Hook): number {
    if (pkt.family !== 6) return Track.INVALID;
    const { connections, settings } = this.parts;
    const type = icmpv6.type(pkt.bytes, pkt.l4);
    // Only a question begins an entry, so the original direction of one that stands is a question.
    if (direction === 0 && type !== icmpv6.ECHO_REQUEST && type !== icmpv6.NODE_INFO_QUERY)
      return Track.INVALID;
    connections.refresh(entry, direction, pkt.l3Length, connections.timeoutsOf(entry, settings.icmpv6)[0]!);
    return Track.ACCEPT;
  }
}
