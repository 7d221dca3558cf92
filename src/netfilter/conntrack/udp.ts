/**
 * UDP: header checks; a flow is a stream, and assured, when both directions were seen for more than two seconds, so that a
 * question and its answer (DNS) do not stay for long.
 *
 * Sources: RFC 768; Documentation/networking/nf_conntrack-sysctl.rst; Linux 6.x by observation.
 */
import { fold, transportSum } from '../../wire/checksum.ts';
import { IPPROTO_UDP } from '../../wire/ip-protocol.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import * as udp from '../../wire/udp.ts';
import { Hook } from '../hook.ts';
import { NAT_CLASH } from './connections.ts';
import { PROTO_WORDS } from './record.ts';
import { CtStatus } from './ct-info.ts';
import { REPLIED, UNREPLIED } from './settings.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';

/** Younger than this, a flow is no stream yet. */
const STREAM_AGE_MS = 2000;
/** The word that holds when the flow becomes a stream, in milliseconds modulo 2^32. */
const STREAM_AT = 0;

export class UdpTracker implements Tracker {
  private readonly parts: TrackerParts;

  constructor(parts: TrackerParts) {
    this.parts = parts;
  }

  packet(entry: number, pkt: PacketBuffer, direction: number, hook: Hook): number {
    if (this.isMalformed(pkt, hook)) return Track.INVALID;
    const { connections, settings } = this.parts;
    const timeouts = connections.timeoutsOf(entry, settings.udp);
    const status = connections.status[entry]!;
    const nowMs = Math.floor(connections.now / 1000) | 0;
    const { proto } = connections;
    const at = entry * PROTO_WORDS + STREAM_AT;
    if ((status & CtStatus.CONFIRMED) === 0) proto[at] = nowMs + STREAM_AGE_MS;
    const length = pkt.l3Length;
    if ((status & CtStatus.SEEN_REPLY) === 0) {
      connections.refresh(entry, direction, length, timeouts[UNREPLIED]!);
      return Track.ACCEPT;
    }
    // What is assured was a stream once; asking so first makes the 32 bits of the time wrap without harm.
    const isStream = (status & CtStatus.ASSURED) !== 0 || ((proto[at]! - nowMs) | 0) < 0;
    connections.refresh(entry, direction, length, timeouts[isStream ? REPLIED : UNREPLIED]!);
    if (isStream && (status & NAT_CLASH) === 0) connections.status[entry] = status | CtStatus.ASSURED;
    return Track.ACCEPT;
  }

  private isMalformed(pkt: PacketBuffer, hook: Hook): boolean {
    const { bytes, l4 } = pkt;
    const available = pkt.l3End - l4;
    if (available < udp.HEADER_LENGTH) return this.malformed(pkt, hook, 'short packet');
    const length = udp.length(bytes, l4);
    if (length > available || length < udp.HEADER_LENGTH) {
      return this.malformed(pkt, hook, 'truncated/malformed packet');
    }
    if (udp.headerChecksum(bytes, l4) === udp.CHECKSUM_NONE) return false;
    if (
      hook === Hook.PREROUTING &&
      pkt.checksumState !== ChecksumState.GOOD &&
      this.parts.settings.checksum
    ) {
      pkt.checksumState = fold(transportSum(pkt)) === 0xffff ? ChecksumState.GOOD : ChecksumState.WRONG;
      if (pkt.checksumState === ChecksumState.WRONG) return this.malformed(pkt, hook, 'bad checksum');
    }
    return false;
  }

  private malformed(pkt: PacketBuffer, hook: Hook, message: string): true {
    const { invalid } = this.parts;
    if (invalid.wants(IPPROTO_UDP)) invalid.write(pkt, hook, IPPROTO_UDP, message);
    return true;
  }
}
