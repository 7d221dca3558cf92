/**
 * A frame in a switch that knows VLANs: its outermost tag held beside the bytes (Linux: skb->vlan_tci), so that a port may
 * get it with that tag, with another, or without.
 *
 * The forms are made in place: the sixteen bytes around the tag are rewritten, and put back at the end, so a frame is
 * never copied unless there is no room in front of it for a tag.
 *
 *              addresses        tag            from here on nothing changes
 *     ┌──────┬────────────────┬──────────────┬────────────────────────
 *     │ room │ 12             │ 4            │ rest
 *     └──────┴────────────────┴──────────────┴────────────────────────
 *      untagged: start = rest − 12             tagged: start = rest − 16
 */
import { copyBytes, readU16, writeU16 } from '../wire/bytes.ts';
import { HEADER_LENGTH } from '../wire/ethernet.ts';
import type { PacketBuffer } from '../wire/packet-buffer.ts';
import * as vlan from '../wire/vlan.ts';

const ADDRESSES = 12;
/** Addresses and tag: what is rewritten. */
const HEAD = ADDRESSES + vlan.TAG_LENGTH;
/** A tag and the EtherType behind it have to be there (Linux: skb_vlan_untag). */
const SHORTEST_TAGGED = HEADER_LENGTH + vlan.TAG_LENGTH + 2;
/** Tags of 802.1Q and of 802.1ad. */
export const ANY_TAG = -1;
/** Tag control information that stands for no tag. */
export const NO_TAG = -1;

export class TaggedFrame {
  bytes: Uint8Array = new Uint8Array(0);
  /** The window of the form in work. */
  start = 0;
  end = 0;
  cause = 0;
  /** The tag held beside the bytes: identifier and control information, the latter NO_TAG without one. */
  tpid = 0;
  tci: number = NO_TAG;
  /** Where the part begins that no form changes. */
  private rest = 0;
  private readonly saved = new Uint8Array(HEAD);
  private readonly addresses = new Uint8Array(ADDRESSES);
  private isChanged = false;
  /** Tag of the form that the bytes are in now. */
  private formTpid = 0;
  private formTci: number = NO_TAG;
  /** For frames without room in front. */
  private room = new Uint8Array(0);

  /**
   * Takes a frame up; false when its tag is cut off.
   *
   * @param held - the identifier of the tags that are held beside the bytes; ANY_TAG of both, 0 of none: they are data
   */
  load(pkt: PacketBuffer, held: number): boolean {
    this.bytes = pkt.bytes;
    this.start = pkt.start;
    this.end = pkt.end;
    this.cause = pkt.cause;
    this.isChanged = false;
    this.tpid = readU16(pkt.bytes, pkt.start + ADDRESSES);
    if (held === ANY_TAG ? !vlan.isTag(this.tpid) : this.tpid !== held) {
      this.tci = NO_TAG;
      this.rest = this.start + ADDRESSES;
    } else {
      if (this.end - this.start < SHORTEST_TAGGED) return false;
      this.tci = vlan.tci(pkt.bytes, this.start + HEADER_LENGTH);
      this.rest = this.start + HEAD;
    }
    this.formTpid = this.tpid;
    this.formTci = this.tci;
    return true;
  }

  /** The VLAN of the tag; 0 for none and for priority tags. */
  get vid(): number {
    return this.tci === NO_TAG ? 0 : vlan.vid(this.tci);
  }

  /** Bytes of the frame without the tag held. */
  get untaggedLength(): number {
    return this.end - this.rest + ADDRESSES;
  }

  /** The tag held goes back to the data, below whatever tag comes next (a tag of another protocol than the switch's). */
  bury(): void {
    if (this.tci === NO_TAG) return;
    this.rest -= vlan.TAG_LENGTH;
    this.tci = NO_TAG;
    this.formTci = NO_TAG;
  }

  /** Makes the bytes the form with this tag, or with NO_TAG without one; then `start` is where it begins. */
  shape(tpid: number, tci: number): void {
    if (tci === this.formTci && (tci === NO_TAG || tpid === this.formTpid)) return;
    if (!this.isChanged) this.keep();
    const { bytes, rest } = this;
    this.start = tci === NO_TAG ? rest - ADDRESSES : rest - HEAD;
    copyBytes(this.addresses, 0, bytes, this.start, ADDRESSES);
    if (tci !== NO_TAG) {
      writeU16(bytes, rest - vlan.TAG_LENGTH, tpid);
      vlan.setTci(bytes, rest - 2, tci);
    }
    this.formTpid = tpid;
    this.formTci = tci;
  }

  /** Gives the bytes back as they were. */
  restore(): void {
    if (this.isChanged) copyBytes(this.saved, 0, this.bytes, this.rest - HEAD, HEAD);
    this.isChanged = false;
  }

  private keep(): void {
    copyBytes(this.bytes, this.start, this.addresses, 0, ADDRESSES);
    if (this.rest < HEAD) this.move();
    copyBytes(this.bytes, this.rest - HEAD, this.saved, 0, HEAD);
    this.isChanged = true;
  }

  /** There is no room in front: on with a copy. */
  private move(): void {
    const length = this.end - this.start;
    if (this.room.length < HEAD + length) this.room = new Uint8Array(HEAD + length);
    this.room.set(this.bytes.subarray(this.start, this.end), HEAD);
    const shift = HEAD - this.start;
    this.bytes = this.room;
    this.start += shift;
    this.end += shift;
    this.rest += shift;
  }
}
