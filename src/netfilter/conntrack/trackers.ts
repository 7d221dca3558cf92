/** All trackers, and which protocol goes to which. */
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../wire/ip-protocol.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Hook } from '../hook.ts';
import type { Connections } from './connections.ts';
import { GenericTracker } from './generic.ts';
import { GreTracker } from './gre.ts';
import { IcmpTracker } from './icmp.ts';
import { Icmpv6Tracker } from './icmpv6.ts';
import { PROTO_OCTETS } from './record.ts';
import { SctpTracker, isClosingSctp } from './sctp.ts';
import { TcpTracker, isClosingTcp } from './tcp.ts';
import { Track, type TrackerParts } from './tracker.ts';
import { UdpTracker } from './udp.ts';
import { UdpLiteTracker } from './udplite.ts';

export class Trackers {
  readonly tcp: TcpTracker;
  private readonly udp: UdpTracker;
  private readonly udplite: UdpLiteTracker;
  private readonly icmp: IcmpTracker;
  private readonly icmpv6: Icmpv6Tracker;
  private readonly sctp: SctpTracker;
  private readonly gre: GreTracker;
  private readonly generic: GenericTracker;

  constructor(parts: TrackerParts) {
    this.tcp = new TcpTracker(parts);
    this.udp = new UdpTracker(parts);
    this.udplite = new UdpLiteTracker(parts);
    this.icmp = new IcmpTracker(parts);
    this.icmpv6 = new Icmpv6Tracker(parts);
    this.sctp = new SctpTracker(parts);
    this.gre = new GreTracker(parts);
    this.generic = new GenericTracker(parts);
  }

  /** Lets the packet's tracker judge it; returns a Track. */
  track(entry: number, pkt: PacketBuffer, direction: number, hook: Hook): number {
    // A header that is not whole: the trackers of protocols with ports read it without asking.
    switch (pkt.proto) {
      case IPPROTO_TCP:
        return pkt.l4Ok ? this.tcp.packet(entry, pkt, direction, hook) : Track.INVALID;
      case IPPROTO_UDP:
        return this.udp.packet(entry, pkt, direction, hook);
      case IPPROTO_ICMP:
        return this.icmp.packet(entry, pkt, direction, hook);
      case IPPROTO_ICMPV6:
        return this.icmpv6.packet(entry, pkt, direction, hook);
      case IPPROTO_SCTP:
        return this.sctp.packet(entry, pkt, direction, hook);
      case IPPROTO_UDPLITE:
        return this.udplite.packet(entry, pkt, direction, hook);
      case IPPROTO_GRE:
        return this.gre.packet(entry, pkt, direction, hook);
      default:
        return this.generic.packet(entry, pkt, direction, hook);
    }
  }
}

/** May an assured entry be taken when the table is full? */
export function isClosing(connections: Connections, entry: number): boolean {
  const proto = connections.tuples.kind(entry * 2) & 0xff;
  const state = connections.octets[entry * PROTO_OCTETS]!;
  if (proto === IPPROTO_TCP) return isClosingTcp(state);
  return proto === IPPROTO_SCTP && isClosingSctp(state);
}
