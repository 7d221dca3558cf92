/**
 * VLAN tags: IEEE 802.1Q and, stacked before it, 802.1ad. A tag is four bytes in place of the EtherType: a tag protocol
 * identifier, then 3 bits of priority, 1 bit of drop eligibility and 12 bits of VLAN id; the frame's own EtherType
 * follows. Here a tag is addressed by the offset of its TCI, just behind the identifier:
 *
 *      12     14    16
 *     ┌──────┬─────┬──────┬────
 *     │ TPID │ TCI │ type │ …
 *     └──────┴─────┴──────┴────
 */
import { ETH_P_8021AD, ETH_P_8021Q } from './ether-type.ts';
import { readU16, writeU16 } from './bytes.ts';

/** Bytes that a tag adds to a frame. */
export const TAG_LENGTH = 4;
/**
 * Tags that `dissect` follows in one frame. Two are in use (802.1ad), three or four occur in providers' captures;
 * more is an attack on whoever walks them (fifty deep), and ends the parse.
 */
export const MAX_TAGS = 8;
/** VLAN ids 0 (priority tag: no VLAN) and 4095 (reserved) name no VLAN. */
export const VID_NONE = 0;
export const VID_RESERVED = 4095;

/** What Linux takes for a tag (eth_type_vlan): 0x8100 and 0x88a8. */
export function isTag(etherType: number): boolean {
  return etherType === ETH_P_8021Q || etherType === ETH_P_8021AD;
}

/** Tag control information of the tag at `at`. */
export function tci(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at);
}

export function setTci(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, value);
}

/** EtherType of what follows the tag at `at`. */
export function innerType(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 2);
}

export function vid(tciValue: number): number {
  return tciValue & 0xfff;
}

/** Priority code point, 0–7. */
export function pcp(tciValue: number): number {
  return (tciValue >>> 13) & 7;
}

/** Drop eligible indicator (802.1ad; once the canonical format bit). */
export function dei(tciValue: number): number {
  return (tciValue >>> 12) & 1;
}

export function makeTci(vlanId: number, priority: number, dropEligible: number): number {
  return ((priority & 7) << 13) | ((dropEligible & 1) << 12) | (vlanId & 0xfff);
}

/** Takes the outermost tag of the frame at `l2` out: the addresses move up by four bytes. Gives the new start. */
export function pop(bytes: Uint8Array, l2: number): number {
  bytes.copyWithin(l2 + TAG_LENGTH, l2, l2 + 12);
  return l2 + TAG_LENGTH;
}

/** Puts a tag outermost; four bytes in front of `l2` must be free (head room). Gives the new start. */
export function push(bytes: Uint8Array, l2: number, tpid: number, tciValue: number): number {
  const start = l2 - TAG_LENGTH;
  bytes.copyWithin(start, l2, l2 + 12);
  writeU16(bytes, start + 12, tpid);
  writeU16(bytes, start + 14, tciValue);
  return start;
}

// ── Record ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** One tag, as it stands behind its identifier. */
export interface VlanRecord {
  readonly pcp: number;
  readonly dei: number;
  readonly vid: number;
  /** EtherType of what follows. */
  readonly type: number;
}

export function parse(bytes: Uint8Array, at: number, end: number): VlanRecord | undefined {
  if (at + TAG_LENGTH > end) return undefined;
  const value = tci(bytes, at);
  return { pcp: pcp(value), dei: dei(value), vid: vid(value), type: innerType(bytes, at) };
}

export function byteLength(_record: VlanRecord): number {
  return TAG_LENGTH;
}

export function emit(record: VlanRecord, bytes: Uint8Array, at: number): void {
  setTci(bytes, at, makeTci(record.vid, record.pcp, record.dei));
  writeU16(bytes, at + 2, record.type);
}
