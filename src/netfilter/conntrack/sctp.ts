/**
 * SCTP (RFC 9260): checksum, chunk order, verification tags (section 8.5), and the walk of each chunk through the table
 * of states (sctp-states.ts). Multi-homed associations open further paths with HEARTBEAT.
 *
 *   words   0, 1  verification tag that packets of a direction must carry
 *   octets  0 state   1, 2 an INIT was seen from that direction   3 a heartbeat failed its tag   4 from which direction
 */
import { readU16 } from '../../wire/bytes.ts';
import { IPPROTO_SCTP } from '../../wire/ip-protocol.ts';
import { ChecksumState, type PacketBuffer } from '../../wire/packet-buffer.ts';
import * as sctp from '../../wire/sctp.ts';
import { Hook } from '../hook.ts';
import { OCTETS_LENGTH, PROTO_LENGTH, PROTO_OCTETS, PROTO_WORDS } from './record.ts';
import type { Connections } from './connections.ts';
import { CtStatus } from './ct-info.ts';
import { SCTP_INVALID, SctpState, nextSctpState } from './sctp-states.ts';
import { Track, type Tracker, type TrackerParts } from './tracker.ts';

const TAG = 0;
const STATE = 0;
const INIT_SEEN = 1;
const HEARTBEAT_FAILED = 3;
const LAST_DIRECTION = 4;

/** INIT and INIT ACK with their fixed fields. */
const INIT_LENGTH = 20;

/** What a chunk's tag check says. */
const GO_ON = 0;
const SKIP = 1;
const REFUSE = 2;

/** Chunks whose tag is judged chunk by chunk, by rules of their own. */
const OWN_TAG_RULE = bits(
  sctp.INIT,
  sctp.SHUTDOWN_COMPLETE,
  sctp.COOKIE_ECHO,
  sctp.ABORT,
  sctp.SHUTDOWN_ACK,
  sctp.HEARTBEAT,
  sctp.HEARTBEAT_ACK,
);
/** Out of the blue, these answer nothing (section 8.4). */
const NEVER_FIRST = bits(sctp.ABORT, sctp.SHUTDOWN_COMPLETE, sctp.COOKIE_ACK);

/** The verification tag of a direction, as a signed integer. */
export function sctpTag({ proto }: Connections, entry: number, direction: number): number {
  return proto[entry * PROTO_WORDS + TAG + direction]!;
}

export function setSctpTag({ proto }: Connections, entry: number, direction: number, tag: number): void {
  proto[entry * PROTO_WORDS + TAG + direction] = tag;
}

export class SctpTracker implements Tracker {
  private readonly parts: TrackerParts;
  /** Chunk types 0–31 in the packet at hand. */
  private present: number;
  /** Passed, but the timeout is not renewed. */
  private quiet: boolean;

  constructor(parts: TrackerParts) {
    this.parts = parts;
    this.present = 0;
    this.quiet = false;
  }

  packet(entry: number, pkt: PacketBuffer, direction: number, hook: Hook): number {
    if (this.isMalformed(pkt, hook) || !this.chunksInOrder(pkt, hook)) return Track.INVALID;
    const { connections, settings, invalid } = this.parts;
    const { proto, octets } = connections;
    const tag = sctp.verificationTag(pkt.bytes, pkt.l4);
    const words = entry * PROTO_WORDS;
    if ((connections.status[entry]! & CtStatus.CONFIRMED) === 0) {
      if (this.present & NEVER_FIRST || !this.begin(entry, pkt, tag)) return Track.INVALID;
    }
    if ((this.present & OWN_TAG_RULE) === 0 && tag !== proto[words + TAG + direction]) {
      if (invalid.wants(IPPROTO_SCTP)) {
        const seen = hex(tag);
        const want = hex(proto[words + TAG + direction]!);
        const text = `verification tag check failed ${seen} vs ${want} for dir ${direction}`;
        invalid.write(pkt, hook, IPPROTO_SCTP, text);
      }
      return Track.INVALID;
    }

    this.quiet = false;
    const bytes = pkt.bytes;
    let state: number = SctpState.NONE;
    for (let at = sctp.chunksStart(pkt.l4); hasChunk(pkt, at); at += strideOf(bytes, at)) {
      const type = sctp.chunkType(bytes, at);
      const step = this.checkTag(entry, direction, type, sctp.chunkFlags(bytes, at), tag);
      if (step === REFUSE) return Track.INVALID;
      if (step === SKIP) continue;
      const before = octets[entry * PROTO_OCTETS + STATE]!;
      state = nextSctpState(direction, type, before);
      if (state === SCTP_INVALID) {
        if (invalid.wants(IPPROTO_SCTP)) {
          const text = `Invalid, old_state ${before}, dir ${direction}, type ${type}`;
          invalid.write(pkt, hook, IPPROTO_SCTP, text);
        }
        return Track.INVALID;
      }
      if (!this.noteTags(entry, pkt, at, direction, type, before, state)) return Track.INVALID;
      octets[entry * PROTO_OCTETS + STATE] = state;
      if (before !== state && state === SctpState.ESTABLISHED) {
        connections.status[entry] = connections.status[entry]! | CtStatus.ASSURED;
      }
    }
    if (this.quiet) return Track.ACCEPT;
    const timeout = connections.timeoutsOf(entry, settings.sctp)[state]!;
    connections.refresh(entry, direction, pkt.l3Length, timeout);
    return Track.ACCEPT;
  }

  private isMalformed(pkt: PacketBuffer, hook: Hook): boolean {
    const { settings, invalid } = this.parts;
    let message = '';
    if (pkt.l4 + sctp.HEADER_LENGTH > pkt.l3End) {
      message = 'nf_ct_sctp: short packet ';
    } else if (hook === Hook.PREROUTING && settings.checksum && pkt.checksumState !== ChecksumState.GOOD) {
      if (!sctp.checksumOk(pkt.bytes, pkt.l4, pkt.l3End)) message = 'nf_ct_sctp: bad CRC ';
      else pkt.checksumState = ChecksumState.GOOD;
    }
    if (message === '') return false;
    if (invalid.wants(IPPROTO_SCTP)) invalid.write(pkt, hook, IPPROTO_SCTP, message);
    return true;
  }

  /** INIT, INIT ACK and SHUTDOWN COMPLETE stand alone, COOKIE ECHO and COOKIE ACK first; there is at least one chunk. */
  private chunksInOrder(pkt: PacketBuffer, hook: Hook): boolean {
    const { invalid } = this.parts;
    const bytes = pkt.bytes;
    this.present = 0;
    let count = 0;
    let alone = 0;
    for (let at = sctp.chunksStart(pkt.l4); hasChunk(pkt, at); at += strideOf(bytes, at)) {
      const type = sctp.chunkType(bytes, at);
      const length = sctp.chunkLength(bytes, at);
      if (type === sctp.INIT || type === sctp.INIT_ACK || type === sctp.SHUTDOWN_COMPLETE) alone = 1;
      const mustBeFirst = alone === 1 || type === sctp.COOKIE_ACK || type === sctp.COOKIE_ECHO;
      if ((mustBeFirst && count !== 0) || length === 0) {
        if (invalid.wants(IPPROTO_SCTP)) {
          // The kernel prints the length as it lies in memory too; its line feed shows as \\x0a.
          const len = ((length & 0xff) << 8) | (length >>> 8);
          const text = `do_basic_checks failed. chunk num ${count}, type ${type}, len ${len} flag ${alone}\\x0a`;
          invalid.write(pkt, hook, IPPROTO_SCTP, text);
        }
        return false;
      }
      if (type < 32) this.present |= 1 << type;
      count++;
    }
    return count > 0;
  }

  /** The packet that opens an entry. */
  private begin(entry: number, pkt: PacketBuffer, tag: number): boolean {
    const { proto, octets } = this.parts.connections;
    const words = entry * PROTO_WORDS;
    const state = entry * PROTO_OCTETS;
    proto.fill(0, words, words + PROTO_LENGTH);
    octets.fill(0, state, state + OCTETS_LENGTH);
    const bytes = pkt.bytes;
    for (let at = sctp.chunksStart(pkt.l4); hasChunk(pkt, at); at += strideOf(bytes, at)) {
      const type = sctp.chunkType(bytes, at);
      const next = nextSctpState(0, type, SctpState.NONE);
      if (next === SctpState.NONE || next === SCTP_INVALID) return false;
      if (type === sctp.INIT) {
        if (tag !== 0 || at + INIT_LENGTH > pkt.l3End) return false;
        proto[words + TAG + 1] = sctp.initiateTag(bytes, at);
      } else if (type === sctp.HEARTBEAT) {
        proto[words + TAG] = tag;
      } else if (type === sctp.SHUTDOWN_ACK) {
        // Out of the blue: a SHUTDOWN COMPLETE with this tag answers it (section 8.4).
        proto[words + TAG + 1] = tag;
      }
    }
    return true;
  }

  /** Section 8.5.1: the tags of chunks with rules of their own. */
  private checkTag(entry: number, direction: number, type: number, flags: number, tag: number): number {
    const { proto, octets } = this.parts.connections;
    const own = proto[entry * PROTO_WORDS + TAG + direction]!;
    const peers = proto[entry * PROTO_WORDS + TAG + (direction ^ 1)]!;
    const state = entry * PROTO_OCTETS;
    switch (type) {
      case sctp.INIT:
        return tag === 0 ? GO_ON : REFUSE;
      case sctp.ABORT:
      case sctp.SHUTDOWN_COMPLETE:
        return tag === (flags & sctp.FLAG_T ? peers : own) ? GO_ON : REFUSE;
      case sctp.COOKIE_ECHO:
        return tag === own ? GO_ON : REFUSE;
      case sctp.COOKIE_ACK:
        octets[state + INIT_SEEN] = 0;
        octets[state + INIT_SEEN + 1] = 0;
        return GO_ON;
      case sctp.HEARTBEAT:
      case sctp.HEARTBEAT_ACK:
        return this.checkHeartbeat(entry, direction, type, tag, own);
      default:
        return GO_ON;
    }
  }

  /** A path whose tags are not known takes them from its heartbeats; one failure may be an association that restarted. */
  private checkHeartbeat(entry: number, direction: number, type: number, tag: number, own: number): number {
    const { proto, octets } = this.parts.connections;
    const words = entry * PROTO_WORDS + TAG;
    const state = entry * PROTO_OCTETS;
    if (own === 0) {
      proto[words + direction] = tag;
      return GO_ON;
    }
    if (tag === own) {
      octets[state + HEARTBEAT_FAILED] = 0;
      return GO_ON;
    }
    if (this.present & bits(sctp.DATA) || this.quiet) return REFUSE;
    if (type === sctp.HEARTBEAT) {
      octets[state + HEARTBEAT_FAILED] = 1;
      octets[state + LAST_DIRECTION] = direction;
      this.quiet = true;
      return SKIP;
    }
    if (octets[state + HEARTBEAT_FAILED] === 0 || octets[state + LAST_DIRECTION] === direction) return REFUSE;
    octets[state + HEARTBEAT_FAILED] = 0;
    proto[words + direction] = tag;
    proto[words + (direction ^ 1)] = 0;
    return GO_ON;
  }

  /** INIT and INIT ACK announce the tag that the other direction is to carry. */
  private noteTags(
    entry: number,
    pkt: PacketBuffer,
    at: number,
    direction: number,
    type: number,
    before: number,
    state: number,
  ): boolean {
    if (type !== sctp.INIT && type !== sctp.INIT_ACK) return true;
    if (at + INIT_LENGTH > pkt.l3End) return false;
    const { proto, octets, status } = this.parts.connections;
    const peer = direction ^ 1;
    const seen = entry * PROTO_OCTETS + INIT_SEEN;
    const peerTag = entry * PROTO_WORDS + TAG + peer;
    const announced = sctp.initiateTag(pkt.bytes, at);
    const bothOpened = octets[seen + direction] === 1 && octets[seen + peer] === 1;
    if (type === sctp.INIT) {
      const isConfirmed = (status[entry]! & CtStatus.CONFIRMED) !== 0;
      // A repeated INIT renews nothing, or a port used again would keep the entry for ever.
      if (isConfirmed && state === SctpState.CLOSED && before === SctpState.CLOSED) this.quiet = true;
      if (isConfirmed && announced === proto[peerTag]) return true; // it announces nothing new
      if (bothOpened) octets[seen + peer] = 0;
      octets[seen + direction] = 1;
    } else {
      const known = proto[peerTag]!;
      if (octets[seen + peer] === 0 && known !== 0 && known !== announced) return false;
      if (bothOpened && known !== announced) return false;
    }
    proto[peerTag] = announced;
    return true;
  }
}

/** States in which an assured entry may be taken when the table is full. */
export function isClosingSctp(state: number): boolean {
  return (
    state === SctpState.SHUTDOWN_SENT ||
    state === SctpState.SHUTDOWN_RECD ||
    state === SctpState.SHUTDOWN_ACK_SENT
  );
}

/** Only the chunk's header must be there: Linux reads no further to step on. */
function hasChunk(pkt: PacketBuffer, at: number): boolean {
  return at + sctp.CHUNK_HEADER_LENGTH <= pkt.l3End;
}

/** To the next chunk; lengths of 0 were refused before, so it is never 0. */
function strideOf(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at + 2) + 3) & ~3;
}

function bits(...types: readonly number[]): number {
  return types.reduce((set, type) => set | (1 << type), 0);
}

/** The kernel prints the tag as it lies in memory, on a little-endian machine: bytes swapped. */
function hex(tag: number): string {
  const swapped = ((tag & 0xff) << 24) | ((tag & 0xff00) << 8) | ((tag >>> 8) & 0xff00) | (tag >>> 24);
  return (swapped >>> 0).toString(16);
}
