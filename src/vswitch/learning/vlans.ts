/**
 * VLAN filtering of the learning switch (Linux: net/bridge, "bridge vlan"): which VLANs a port carries, which of them
 * without a tag, and which one a frame without a tag belongs to.
 */
import { VID_RESERVED } from '../../wire/vlan.ts';
import * as vlan from '../../wire/vlan.ts';
import { NO_TAG, type TaggedFrame } from '../tagged-frame.ts';

const MEMBER = 1;
const UNTAGGED = 2;

export class VlanMembership {
  /** VLAN of frames without a tag, and of priority-tagged ones; 0: such frames are not taken. */
  pvid = 0;
  private readonly flags = new Uint8Array(VID_RESERVED + 1);
  private count = 0;

  add(vid: number, { pvid, untagged }: { readonly pvid: boolean; readonly untagged: boolean }): void {
    if (this.flags[vid] === 0) this.count++;
    this.flags[vid] = MEMBER | (untagged ? UNTAGGED : 0);
    if (pvid) this.pvid = vid;
    else if (this.pvid === vid) this.pvid = 0;
  }

  delete(vid: number): void {
    if (this.flags[vid] !== 0) this.count--;
    this.flags[vid] = 0;
    if (this.pvid === vid) this.pvid = 0;
  }

  has(vid: number): boolean {
    return this.flags[vid] !== 0;
  }

  isUntagged(vid: number): boolean {
    return (this.flags[vid]! & UNTAGGED) !== 0;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** All VLANs, ascending. */
  list(): number[] {
    return [...this.flags.keys()].filter((vid) => this.flags[vid] !== 0);
  }
}

/**
 * Which VLAN a frame is in that came in by a port; -1 when the port does not carry it. Afterwards the frame holds the tag
 * of that VLAN (Linux: br_allowed_ingress): a tag of another protocol than the switch's is data, a frame without a VLAN
 * gets the port's.
 */
export function classify(frame: TaggedFrame, port: VlanMembership, protocol: number): number {
  if (port.isEmpty) return -1;
  if (frame.tpid !== protocol) frame.bury();
  const vid = frame.vid;
  if (vid === 0) {
    if (port.pvid === 0) return -1;
    frame.tpid = protocol;
    frame.tci = frame.tci === NO_TAG ? port.pvid : frame.tci | port.pvid;
    return port.pvid;
  }
  return port.has(vid) ? vid : -1;
}

/** Shapes the frame for a port that carries its VLAN. */
export function shapeFor(frame: TaggedFrame, port: VlanMembership): void {
  frame.shape(frame.tpid, port.isUntagged(vlan.vid(frame.tci)) ? NO_TAG : frame.tci);
}
