/**
 * Which VLANs a port of a vSphere switch sees, and into which it sends. VLAN 0 stands for frames without a tag.
 *
 *     external tagging (VLAN 0)     sends and sees frames without a tag
 *     switch tagging (1 to 4094)    the switch tags what goes out of an uplink, and strips what is delivered
 *     guest tagging (4095)          tags reach the guest, and are the guest's
 *     private VLAN                  sends into the secondary VLAN (promiscuous: the primary); sees what its kind may see
 *
 * Sources: vSphere Networking, "VLAN Configuration", "Private VLANs"; RFC 5517 for the kinds of private VLANs.
 */
import { VID_RESERVED } from '../../wire/vlan.ts';

/** The key under which the table of addresses has ports that see every VLAN. */
export const EVERY_VLAN = VID_RESERVED;

export type PrivateVlanKind = 'promiscuous' | 'isolated' | 'community';

export interface PrivateVlan {
  readonly primary: number;
  readonly secondary: number;
  readonly kind: PrivateVlanKind;
}

export class VlanView {
  /** Where frames without a tag go. */
  readonly sends: number;
  /** The guest's own tags count, and it gets frames with theirs. */
  readonly isTrunk: boolean;
  private readonly seen: Uint8Array;

  private constructor(sends: number, isTrunk: boolean, seen: Iterable<number>) {
    this.sends = sends;
    this.isTrunk = isTrunk;
    this.seen = new Uint8Array(VID_RESERVED + 1);
    for (const vid of seen) this.seen[vid] = 1;
  }

  /** 0, 1 to 4094, or 4095. */
  static ofPortGroup(vlan: number): VlanView {
    return vlan === EVERY_VLAN ? VlanView.trunk(allVlans()) : new VlanView(vlan, false, [vlan]);
  }

  static trunk(vids: Iterable<number>): VlanView {
    return new VlanView(0, true, vids);
  }

  static uplink(): VlanView {
    return VlanView.trunk(allVlans());
  }

  /** @param all - every private VLAN of the switch: a promiscuous port sees all that share its primary one */
  static private({ primary, secondary, kind }: PrivateVlan, all: readonly PrivateVlan[]): VlanView {
    switch (kind) {
      case 'promiscuous':
        return new VlanView(primary, false, [
          primary,
          ...all.filter((one) => one.primary === primary).map((one) => one.secondary),
        ]);
      case 'community':
        return new VlanView(secondary, false, [primary, secondary]);
      case 'isolated':
        return new VlanView(secondary, false, [primary]);
    }
  }

  sees(vid: number): boolean {
    return this.seen[vid] !== 0;
  }

  /** The keys of the table under which the port's address stands. */
  keys(): number[] {
    return this.isTrunk ? [EVERY_VLAN] : [...this.seen.keys()].filter((vid) => this.sees(vid));
  }
}

function allVlans(): number[] {
  return Array.from({ length: VID_RESERVED }, (_, vid) => vid);
}
