/**
 * IPv4 options of packets that arrive (RFC 791 3.1, RFC 1812 4.2.2 and 5.3.13): checked on the way in, when record
 * route and timestamp are filled in as well, and put right again on the way out (Linux: ip_options_compile,
 * ip_forward_options). The header checksum is only made true by `forward`: like Linux we let an ICMP error quote what
 * has been filled in beside the checksum that arrived.
 */
import { readI32, writeU32 } from '../wire/bytes.ts';
import * as ipv4 from '../wire/ipv4.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import { AddressType } from '../netfilter/host-services.ts';
import type { Host } from './host.ts';

const END = 0;
const NOP = 1;
/** Kinds of timestamp options (RFC 791). */
const TS_ONLY = 0;
const TS_AND_ADDRESS = 1;
const TS_PRESPECIFIED = 3;
/** Flag of a timestamp that is not in milliseconds since midnight UTC; we always have one that is. */
const CIPSO_MIN_LENGTH = 8;
const MICROSECONDS_PER_MS = 1000;
const MS_PER_DAY = 86_400_000;

export class Ip4Options {
  private readonly host: Host;
  /** Offsets in the packet's bytes of what was found, 0 for none. */
  sourceRoute: number;
  isStrict: boolean;
  recordRoute: number;
  timestamp: number;
  routerAlert: boolean;
  /** The entry just filled in is to be replaced by the address of the way out. */
  private recordNeedsAddress: boolean;
  private timestampNeedsAddress: boolean;
  /** The source route's next entry led here and was replaced by our own address on the way out. */
  sourceRouteHit: boolean;
  changed: boolean;
  /** With a fault: where the option at fault begins. */
  faultAt: number;
  private found: number;

  constructor(host: Host) {
    this.host = host;
    this.sourceRoute = 0;
    this.isStrict = false;
    this.recordRoute = 0;
    this.timestamp = 0;
    this.routerAlert = false;
    this.recordNeedsAddress = false;
    this.timestampNeedsAddress = false;
    this.sourceRouteHit = false;
    this.changed = false;
    this.faultAt = 0;
    this.found = 0;
  }

  private clear(): void {
    this.sourceRoute = 0;
    this.isStrict = false;
    this.recordRoute = 0;
    this.timestamp = 0;
    this.routerAlert = false;
    this.recordNeedsAddress = false;
    this.timestampNeedsAddress = false;
    this.sourceRouteHit = false;
    this.changed = false;
    this.found = 0;
  }

  /**
   * Walks the options of a packet that was routed, filling in what asks for it. Returns 0, or the offset in the IP header
   * of the octet at fault, which a "parameter problem" reports.
   */
  receive(pkt: PacketBuffer): number {
    this.clear();
    const { bytes, l3 } = pkt;
    const end = pkt.l4;
    let at = l3 + ipv4.HEADER_LENGTH;
    while (at < end) {
      const kind = bytes[at]!;
      if (kind === END) {
        // Whatever follows the end of the list is made zero.
        for (let i = at + 1; i < end; i++) {
          if (bytes[i] === END) continue;
          bytes[i] = END;
          this.changed = true;
        }
        return 0;
      }
      if (kind === NOP) {
        at++;
        continue;
      }
      this.faultAt = at;
      const length = ipv4.optionLength(bytes, at, end);
      if (length < 2) return at - l3;
      const fault = this.take(pkt, kind, at, length);
      if (fault !== 0) return fault - l3;
      at += length;
    }
    return 0;
  }

  /** One option; returns the offset of the octet at fault, or 0. */
  private take(pkt: PacketBuffer, kind: number, at: number, length: number): number {
    switch (kind) {
      case ipv4.OPTION_LSRR:
      case ipv4.OPTION_SSRR:
        return this.takeSourceRoute(pkt, kind, at, length);
      case ipv4.OPTION_RECORD_ROUTE:
        return this.takeRecordRoute(pkt, at, length);
      case ipv4.OPTION_TIMESTAMP:
        return this.takeTimestamp(pkt, at, length);
      case ipv4.OPTION_ROUTER_ALERT:
        if (length < 4) return at + 1;
        if (pkt.bytes[at + 2] === 0 && pkt.bytes[at + 3] === 0) this.routerAlert = true;
        return 0;
      case ipv4.OPTION_CIPSO:
        // Nobody here knows a domain of interpretation, so none is right (cipso_v4_validate).
        this.faultAt = at + length;
        if (!this.once(8)) return at;
        return length < CIPSO_MIN_LENGTH ? at + 1 : at + 2;
      default:
        // Security, stream and unknown options pass as they are.
        return 0;
    }
  }

  private once(bit: number): boolean {
    const first = (this.found & bit) === 0;
    this.found |= bit;
    return first;
  }

  private takeSourceRoute(pkt: PacketBuffer, kind: number, at: number, length: number): number {
    if (length < 3) return at + 1;
    if (pkt.bytes[at + 2]! < 4) return at + 2;
    // Two source routes: the second is at fault.
    if (!this.once(1)) return at;
    this.isStrict = kind === ipv4.OPTION_SSRR;
    this.sourceRoute = at;
    return 0;
  }

  private takeRecordRoute(pkt: PacketBuffer, at: number, length: number): number {
    const bytes = pkt.bytes;
    if (!this.once(2)) return at;
    if (length < 3) return at + 1;
    const pointer = bytes[at + 2]!;
    if (pointer < 4) return at + 2;
    if (pointer <= length) {
      if (pointer + 3 > length) return at + 2;
      writeU32(bytes, at + pointer - 1, this.specificDestination(pkt));
      bytes[at + 2] = pointer + 4;
      this.recordNeedsAddress = true;
      this.changed = true;
    }
    this.recordRoute = at;
    return 0;
  }

  private takeTimestamp(pkt: PacketBuffer, at: number, length: number): number {
    const bytes = pkt.bytes;
    if (!this.once(4)) return at;
    if (length < 4) return at + 1;
    const pointer = bytes[at + 2]!;
    if (pointer < 5) return at + 2;
    const flags = bytes[at + 3]! & 0xf;
    if (pointer > length) {
      // Full: the hosts that found no room are counted, unless the sender named those that he meant.
      if (flags !== TS_PRESPECIFIED) {
        const overflow = bytes[at + 3]! >>> 4;
        if (overflow === 15) return at + 3;
        bytes[at + 3] = flags | ((overflow + 1) << 4);
        this.changed = true;
      }
      this.timestamp = at;
      return 0;
    }
    if (pointer + 3 > length) return at + 2;
    switch (flags) {
      case TS_ONLY:
        this.stamp(bytes, at, pointer - 1, 4);
        break;
      case TS_AND_ADDRESS:
        if (pointer + 7 > length) return at + 2;
        writeU32(bytes, at + pointer - 1, this.specificDestination(pkt));
        this.timestampNeedsAddress = true;
        this.stamp(bytes, at, pointer + 3, 8);
        break;
      case TS_PRESPECIFIED: {
        if (pointer + 7 > length) return at + 2;
        const address = readI32(bytes, at + pointer - 1);
        if (this.host.addressType(4, address, 0, 0, 0, 0) !== AddressType.UNICAST) {
          this.stamp(bytes, at, pointer + 3, 8);
        }
        break;
      }
      default:
      // An unknown kind of time stamp passes as it is.
    }
    this.timestamp = at;
    return 0;
  }

  private stamp(bytes: Uint8Array, at: number, offset: number, advance: number): void {
    const milliseconds = Math.floor(this.host.clock.now / MICROSECONDS_PER_MS) % MS_PER_DAY;
    writeU32(bytes, at + offset, milliseconds);
    bytes[at + 2] = bytes[at + 2]! + advance;
    this.changed = true;
  }

  /** fib_compute_spec_dst: the own address that the packet's sender would know us by. */
  private specificDestination(pkt: PacketBuffer): number {
    return this.host.specificDestination4(pkt);
  }

  /**
   * ip_options_rcv_srr: a source route whose next stop is not behind us yet sends the packet on. Returns 0 when there is
   * nothing to do, 1 when the packet was given a new destination (to be routed to), -1 when it is to be dropped.
   */
  followSourceRoute(pkt: PacketBuffer): number {
    const { bytes } = pkt;
    const at = this.sourceRoute;
    const pointer = bytes[at + 2]!;
    const length = bytes[at + 1]!;
    if (pointer > length) return 0;
    if (pointer + 3 > length) return -1;
    this.sourceRouteHit = true;
    this.changed = true;
    pkt.dst0 = readI32(bytes, at + pointer - 1);
    return 1;
  }

  /** ip_forward_options: the way out is known now, so its address is what is recorded. */
  forward(pkt: PacketBuffer): void {
    const { bytes } = pkt;
    if (this.recordNeedsAddress) {
      writeU32(bytes, this.recordRoute + bytes[this.recordRoute + 2]! - 5, this.outgoingAddress(pkt));
    }
    if (this.sourceRouteHit) {
      const at = this.sourceRoute;
      const pointer = bytes[at + 2]!;
      writeU32(bytes, at + pointer - 1, this.outgoingAddress(pkt));
      writeU32(bytes, pkt.l3 + 16, pkt.dst0);
      bytes[at + 2] = pointer + 4;
      // Linux sees to a time stamp's address here only; else that of the way in stays.
      if (this.timestampNeedsAddress) {
        writeU32(bytes, this.timestamp + bytes[this.timestamp + 2]! - 9, this.outgoingAddress(pkt));
      }
    }
    if (this.changed) ipv4.fillChecksum(bytes, pkt.l3);
  }

  /** ip_rt_get_source: the address that packets of our own would have on this way. */
  private outgoingAddress(pkt: PacketBuffer): number {
    return this.host.outgoingAddress4(pkt);
  }
}
