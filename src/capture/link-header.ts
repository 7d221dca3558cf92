/**
 * From a captured record to its layer 3, whatever was captured, and from there to an Ethernet frame.
 *
 * Sources: tcpdump.org/linktypes (LINKTYPE_LINUX_SLL, _SLL2, NULL, LOOP, RAW); packet(7) for the packet types. The
 * Ethernet header is read as far as its type field: tags and LLC are the business of src/wire.
 */
import { LinkType } from './link-type.ts';
import type { CaptureRecord } from './record.ts';

export const ETHERNET_HEADER_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** Smaller values of the Ethernet type field are lengths (802.3). */
const LEAST_ETHERTYPE = 0x0600;
/** Linux's pseudo protocols of cooked captures that stand for 802.3 frames: raw IPX and LLC. */
const ETH_P_802_3 = 0x0001;
const ETH_P_802_2 = 0x0004;
const COOKED_BYTES = 16;
const COOKED2_BYTES = 20;
const FAMILY_BYTES = 4;
const MAX_LINK_ADDRESS = 8;

/** sll_pkttype of packet(7). */
export const CookedType = {
  Unknown: -1,
  Host: 0,
  Broadcast: 1,
  Multicast: 2,
  OtherHost: 3,
  Outgoing: 4,
} as const;
export type CookedType = (typeof CookedType)[keyof typeof CookedType];

/** What a link header says; one instance is filled again and again. */
export class LinkHeader {
  /** Index in the record's bytes where layer 3 begins. */
  l3 = 0;
  /** As an Ethernet frame would carry it; below 0x0600 it is the length of an 802.3 frame. */
  etherType = 0;
  /** To whom the packet was, as far as the link header tells. Ethernet tells broadcast and multicast only. */
  packetType: CookedType = CookedType.Unknown;
  /** The kernel's number of the interface (cooked v2); 0 when the header has none. */
  interfaceIndex = 0;
  /** ARPHRD_* of the device (cooked); -1 when the header has none. */
  deviceType = -1;
  /** The sender's link-layer address and how much of it there is: 6 for Ethernet, 0 for none. */
  readonly sourceAddress = new Uint8Array(MAX_LINK_ADDRESS);
  sourceLength = 0;
}

/** Reads the record's link header. False when it is cut off, or what it carries is neither IPv4 nor IPv6. */
export function decodeLinkHeader(record: CaptureRecord, out: LinkHeader): boolean {
  out.packetType = CookedType.Unknown;
  out.interfaceIndex = 0;
  out.deviceType = -1;
  out.sourceLength = 0;
  switch (record.linkType) {
    case LinkType.Ethernet:
      return ethernet(record, out);
    case LinkType.LinuxCooked:
      return cooked(record, out);
    case LinkType.LinuxCooked2:
      return cooked2(record, out);
    case LinkType.Null:
    case LinkType.Loop:
      return family(record, out);
    case LinkType.Ipv4:
      return ip(record, out, ETHERTYPE_IPV4);
    case LinkType.Ipv6:
      return ip(record, out, ETHERTYPE_IPV6);
    case LinkType.Raw:
    case LinkType.Raw12:
    case LinkType.Raw14:
      return raw(record, out);
    default:
      return false;
  }
}

/**
 * Writes the record's layer 3 as an Ethernet frame to the start of `frame` and returns the frame's length; the record
 * must have been decoded into `header`. 0 when `frame` is too small.
 */
export function encapsulate(
  record: CaptureRecord,
  header: LinkHeader,
  frame: Uint8Array,
  destination: Uint8Array,
  source: Uint8Array,
): number {
  const payload = record.end - header.l3;
  const length = ETHERNET_HEADER_BYTES + payload;
  if (length > frame.length) return 0;
  for (let i = 0; i < 6; i++) {
    frame[i] = destination[i]!;
    frame[6 + i] = source[i]!;
  }
  frame[12] = header.etherType >>> 8;
  frame[13] = header.etherType;
  const bytes = record.bytes;
  // A loop beats set(subarray) for the short packets that captures are full of, and allocates nothing.
  for (let from = header.l3, to = ETHERNET_HEADER_BYTES; from < record.end; from++, to++)
    frame[to] = bytes[from]!;
  return length;
}

function ethernet(record: CaptureRecord, out: LinkHeader): boolean {
  const at = record.start;
  if (record.end - at < ETHERNET_HEADER_BYTES) return false;
  const bytes = record.bytes;
  out.l3 = at + ETHERNET_HEADER_BYTES;
  out.etherType = u16(bytes, at + 12);
  takeAddress(bytes, at + 6, 6, out);
  if ((bytes[at]! & 1) !== 0) {
    out.packetType = isBroadcast(bytes, at) ? CookedType.Broadcast : CookedType.Multicast;
  }
  return true;
}

function cooked(record: CaptureRecord, out: LinkHeader): boolean {
  const at = record.start;
  if (record.end - at < COOKED_BYTES) return false;
  const bytes = record.bytes;
  out.l3 = at + COOKED_BYTES;
  out.packetType = cookedType(u16(bytes, at));
  out.deviceType = u16(bytes, at + 2);
  takeAddress(bytes, at + 6, u16(bytes, at + 4), out);
  out.etherType = cookedEtherType(u16(bytes, at + 14), record.originalLength - COOKED_BYTES);
  return true;
}

function cooked2(record: CaptureRecord, out: LinkHeader): boolean {
  const at = record.start;
  if (record.end - at < COOKED2_BYTES) return false;
  const bytes = record.bytes;
  out.l3 = at + COOKED2_BYTES;
  out.interfaceIndex = ((u16(bytes, at + 4) << 16) | u16(bytes, at + 6)) >>> 0;
  out.deviceType = u16(bytes, at + 8);
  out.packetType = cookedType(bytes[at + 10]!);
  takeAddress(bytes, at + 12, bytes[at + 11]!, out);
  out.etherType = cookedEtherType(u16(bytes, at), record.originalLength - COOKED2_BYTES);
  return true;
}

/** LLC and raw IPX have a length where others have a type; the cooked header lost it, the record still knows it. */
function cookedEtherType(protocol: number, payloadLength: number): number {
  if (protocol !== ETH_P_802_3 && protocol !== ETH_P_802_2) return protocol;
  return Math.max(0, Math.min(payloadLength, LEAST_ETHERTYPE - 1));
}

function cookedType(value: number): CookedType {
  switch (value) {
    case 0:
      return CookedType.Host;
    case 1:
      return CookedType.Broadcast;
    case 2:
      return CookedType.Multicast;
    case 3:
      return CookedType.OtherHost;
    case 4:
      return CookedType.Outgoing;
    default:
      return CookedType.Unknown;
  }
}

/**
 * BSD loopback: the address family as the machine that wrote the file numbers it, IPv6 differently on each. NULL has it
 * in that machine's byte order and LOOP in the network's; families are below 256, so the zero bytes tell which it is
 * even where the file was rewritten on another machine.
 */
function family(record: CaptureRecord, out: LinkHeader): boolean {
  const at = record.start;
  if (record.end - at < FAMILY_BYTES) return false;
  const bytes = record.bytes;
  if (bytes[at + 1] !== 0 || bytes[at + 2] !== 0) return false;
  if (bytes[at] !== 0 && bytes[at + 3] !== 0) return false;
  out.l3 = at + FAMILY_BYTES;
  switch (bytes[at]! | bytes[at + 3]!) {
    case 2: // everywhere
      out.etherType = ETHERTYPE_IPV4;
      return true;
    case 10: // Linux
    case 23: // Windows
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // Darwin
      out.etherType = ETHERTYPE_IPV6;
      return true;
    default:
      return false;
  }
}

function raw(record: CaptureRecord, out: LinkHeader): boolean {
  if (record.end === record.start) return false;
  const version = record.bytes[record.start]! >>> 4;
  if (version !== 4 && version !== 6) return false;
  return ip(record, out, version === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
}

function ip(record: CaptureRecord, out: LinkHeader, etherType: number): boolean {
  out.l3 = record.start;
  out.etherType = etherType;
  return true;
}

function takeAddress(bytes: Uint8Array, at: number, length: number, out: LinkHeader): void {
  const kept = Math.min(length, MAX_LINK_ADDRESS);
  for (let i = 0; i < kept; i++) out.sourceAddress[i] = bytes[at + i]!;
  out.sourceLength = kept;
}

function isBroadcast(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 6; i++) if (bytes[at + i] !== 0xff) return false;
  return true;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
