/** A frame as a capture filter looks at it: bytes, and where the layers begin. Reading past the end makes a test fail. */
import { readU16 } from '../../wire/bytes.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../../wire/ether-type.ts';
import { IPPROTO_FRAGMENT } from '../../wire/ip-protocol.ts';

export interface Frame {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Bytes that it had on the wire. */
  readonly length: number;
  /** Of devices without Ethernet, frames begin with IP. */
  readonly hasEthernet: boolean;
  /** It left; false when it arrived. */
  readonly isOut: boolean;
}

const ETHERNET_HEADER = 14;
const IP6_HEADER = 40;

/** Thrown where the frame ends too early: it is then not taken, whatever else is asked (as the kernel's machine has it). */
export class PastEnd extends Error {}

export const PAST_END = new PastEnd();

export function byteAt({ bytes, start, end }: Frame, offset: number): number {
  if (offset < 0 || start + offset >= end) throw PAST_END;
  return bytes[start + offset]!;
}

export function wordAt(frame: Frame, offset: number): number {
  if (offset < 0 || frame.start + offset + 2 > frame.end) throw PAST_END;
  return readU16(frame.bytes, frame.start + offset);
}

/** `tags`: bytes of VLAN tags in front that were looked through. */
export function networkOffset({ hasEthernet }: Frame, tags: number): number {
  return hasEthernet ? ETHERNET_HEADER + tags : 0;
}

export function etherType(frame: Frame, tags: number): number {
  if (!frame.hasEthernet) return byteAt(frame, 0) >>> 4 === 6 ? ETH_P_IPV6 : ETH_P_IP;
  return wordAt(frame, ETHERNET_HEADER - 2 + tags);
}

export function isIp4(frame: Frame, tags: number): boolean {
  return etherType(frame, tags) === ETH_P_IP;
}

export function isIp6(frame: Frame, tags: number): boolean {
  return etherType(frame, tags) === ETH_P_IPV6;
}

export function hasProtocol4(frame: Frame, tags: number, protocol: number): boolean {
  return isIp4(frame, tags) && byteAt(frame, networkOffset(frame, tags) + 9) === protocol;
}

/** The next header, or the one behind a fragment header. */
export function hasProtocol6(frame: Frame, tags: number, protocol: number): boolean {
  if (!isIp6(frame, tags)) return false;
  const at = networkOffset(frame, tags);
  const next = byteAt(frame, at + 6);
  return next === protocol || (next === IPPROTO_FRAGMENT && byteAt(frame, at + IP6_HEADER) === protocol);
}

/** Where the transport header of an IPv4 packet begins; -1 in fragments behind the first. */
export function transport4(frame: Frame, tags: number): number {
  const at = networkOffset(frame, tags);
  if ((wordAt(frame, at + 6) & 0x1fff) !== 0) return -1;
  return at + (byteAt(frame, at) & 0xf) * 4;
}

/** Of IPv6, directly behind its header. */
export function transport6(frame: Frame, tags: number): number {
  return networkOffset(frame, tags) + IP6_HEADER;
}
