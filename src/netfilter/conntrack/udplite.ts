/**
 * UDP-Lite (RFC 3828): as UDP, but assured with the first answer, and with a checksum that must be there and covers as
 * much of the datagram as the header says.
 *
 * Linux verifies that checksum with UDP's number in the pseudo header where RFC 3828 3.1 asks for UDP-Lite's own (seen in
 * 6.18), so that datagrams of real senders are INVALID unless nf_conntrack_checksum is 0. So they are here.
 */
import { fold, pseudoOf, sum } from '../../wire/checksum.ts';
import { IPPROTO_UDP, IPPROTO_UDPLITE } from '../../wire/ip-protocol.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import * as udplite from '../../wire/udplite.ts';
import { Hook } from '../hook.ts';
import { NAT_CLASH } from './connections.ts';
import { CtStatus } from './ct-info.ts';
import { REPLIED, UNREPLIED } from './settings.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';

export class UdpLiteTracker implements Tracker {
  private readonly parts: TrackerParts;

  constructor(parts: TrackerParts) {
    this.parts = parts;
  }

  packet(entry: number, pkt: PacketBuffer, direction: number, hook: Hook): number {
    if (this.isMalformed(pkt, hook)) return Track.INVALID;
    const { connections, settings } = this.parts;
    const timeouts = connections.timeoutsOf(entry, settings.udp);
    const status = connections.status[entry]!;
    const isAnswered = (status & CtStatus.SEEN_REPLY) !== 0;
    connections.refresh(entry, direction, pkt.l3Length, timeouts[isAnswered ? REPLIED : UNREPLIED]!);
    if (isAnswered && (status & NAT_CLASH) === 0) connections.status[entry] = status | CtStatus.ASSURED;
    return Track.ACCEPT;
  }

  private isMalformed(pkt: PacketBuffer, hook: Hook): boolean {
    const { bytes, l4 } = pkt;
    const available = pkt.l3End - l4;
    if (available < udplite.HEADER_LENGTH) return this.malformed(pkt, hook, 'short packet');
    const coverage = udplite.coverage(bytes, l4);
    if (coverage !== 0 && (coverage < udplite.MIN_COVERAGE || coverage > available)) {
      return this.malformed(pkt, hook, 'invalid checksum coverage');
    }
    if (udplite.headerChecksum(bytes, l4) === 0) return this.malformed(pkt, hook, 'checksum missing');
    if (
      hook === Hook.PREROUTING &&
      pkt.checksumState !== ChecksumState.GOOD &&
      this.parts.settings.checksum
    ) {
      const covered = udplite.coveredEnd(bytes, l4, pkt.l3End);
      // The kernel sums UDP's number instead of UDP-Lite's and, in IPv4, only the length's lowest byte.
      const length = pkt.family === 4 ? available & 0xff : available;
      const pseudo = pseudoOf(pkt, length) - IPPROTO_UDPLITE + IPPROTO_UDP;
      if (fold(sum(bytes, l4, covered, pseudo)) !== 0xffff) {
        return this.malformed(pkt, hook, 'bad checksum');
      }
      pkt.checksumState = ChecksumState.GOOD;
    }
    return false;
  }

  private malformed(pkt: PacketBuffer, hook: Hook, message: string): true {
    const { invalid } = this.parts;
    if (invalid.wants(IPPROTO_UDPLITE)) invalid.write(pkt, hook, IPPROTO_UDPLITE, message);
    return true;
  }
}
