/**
 * A bond: several devices as one (Linux: drivers/net/bonding). What arrives at a member arrives at the bond; what the bond sends
 * leaves by the active one (active-backup), by each in turn (balance-rr), by a hash (balance-xor), or by all (broadcast). All
 * members have the bond's address, that of its first. A member that is down is not used. Of active-backup, the member that
 * takes over announces the bond's addresses, so that switches learn where they are now.
 *
 * Not here: 802.3ad (LACP), balance-tlb and balance-alb, ARP monitoring.
 */
import { readU16 } from '../../wire/bytes.ts';
import { dissectEthernet } from '../../wire/dissect.ts';
import { ETH_P_IP } from '../../wire/ether-type.ts';
import * as ethernet from '../../wire/ethernet.ts';
import { IPPROTO_IGMP } from '../../wire/ip-protocol.ts';
import * as ipv4 from '../../wire/ipv4.ts';
import type { PacketBuffer } from '../../wire/packet-buffer.ts';
import type { Device, DeviceKind, FrameTaker } from '../device.ts';
import type { Host } from '../host.ts';
import { NetlinkError } from '../rtnetlink/errors.ts';
import { frameHash, typeOffset, type HashPolicy } from './bond-hash.ts';

export const BOND_MODES = ['balance-rr', 'active-backup', 'balance-xor', 'broadcast'] as const;
export type BondMode = (typeof BOND_MODES)[number];

export interface BondOptions {
  readonly mode: BondMode;
  readonly policy: HashPolicy;
  /** The member that is active whenever it is up. */
  readonly primary: string | undefined;
}

export class BondLink implements DeviceKind, FrameTaker {
  readonly name = 'bond';
  master: Device;
  private readonly host: Host;
  private readonly options: BondOptions;
  private readonly members: Device[] = [];
  private readonly ownMacs = new Map<Device, Uint8Array>();
  private active: Device | undefined;
  /** Counts frames of balance-rr; the kernel's counter is at 1 for the first. */
  private turn = 0;

  constructor(host: Host, options: BondOptions, self: Device) {
    this.host = host;
    this.options = options;
    this.master = self;
  }

  attach(device: Device): void {
    this.master = device;
  }

  enslave(device: Device): void {
    if (device.isLoopback || !device.hasEthernet) throw new NetlinkError('EINVAL');
    const { links } = this.host.netlink;
    this.ownMacs.set(device, device.mac);
    if (this.members.length === 0) links.setMac(this.master, device.mac.slice());
    else links.setMac(device, this.master.mac.slice());
    this.members.push(device);
    device.taker = this;
    // As ifenslave does.
    links.setUp(device, true);
    this.select();
  }

  /** A member went up or down: the bond notices at once. Where none was left, the one that comes back does not announce. */
  linkChanged(): void {
    const before = this.active;
    const now = this.select();
    const takesOver = before !== undefined && now !== undefined && now !== before;
    if (!takesOver || this.options.mode !== 'active-backup' || !this.master.up) return;
    this.host.netlink.addresses.announceAll(this.master);
  }

  release(device: Device): void {
    const at = this.members.indexOf(device);
    if (at < 0) return;
    this.members.splice(at, 1);
    device.taker = null;
    this.host.netlink.links.setMac(device, this.ownMacs.get(device)!);
    this.ownMacs.delete(device);
    if (this.active === device) this.linkChanged();
  }

  remove(): void {
    for (const device of [...this.members]) this.release(device);
  }

  /** bond_select_active_slave: the primary, else whoever is active while it can, else the first that is up. */
  private select(): Device | undefined {
    const up = this.members.filter((device) => device.up);
    const primary = up.find(({ name }) => name === this.options.primary);
    const chosen = primary ?? (this.active?.up === true ? this.active : up[0]);
    this.active = chosen;
    return chosen;
  }

  /** Frames at members that are not active are copies of what reaches the active one; only what is for everybody is dropped. */
  take(device: Device, pkt: PacketBuffer): boolean {
    if (this.options.mode === 'active-backup' && device !== this.select()) return true;
    if (!this.master.up) return true;
    dissectEthernet(pkt);
    this.host.receiveWithin(this.master, pkt);
    return true;
  }

  frame(_device: Device, bytes: Uint8Array, start: number, end: number, cause: number): void {
    const up = this.members.filter((device) => device.up);
    switch (this.options.mode) {
      case 'active-backup':
        this.select()?.transmit(bytes, start, end, cause);
        return;
      case 'balance-rr':
        if (end - start < ethernet.HEADER_LENGTH) return;
        this.memberInTurn(bytes, start, end)?.transmit(bytes, start, end, cause);
        return;
      case 'balance-xor': {
        if (end - start < ethernet.HEADER_LENGTH) return;
        const hash = frameHash(bytes, start, end, this.options.policy);
        up[hash % up.length]?.transmit(bytes, start, end, cause);
        return;
      }
      case 'broadcast':
        for (const device of up) device.transmit(bytes, start, end, cause);
        return;
    }
  }

  /** Members that are down have turns, too, which the next one takes. What is said of groups (IGMP) keeps to one member. */
  private memberInTurn(bytes: Uint8Array, start: number, end: number): Device | undefined {
    if (isIgmp(bytes, start, end)) return this.select();
    const { members } = this;
    // A bond without a link sends nothing, and counts nothing.
    if (!members.some(({ up }) => up)) return undefined;
    this.turn = (this.turn + 1) >>> 0;
    for (let i = 0; i < members.length; i++) {
      const member = members[(this.turn + i) % members.length]!;
      if (member.up) return member;
    }
    return undefined;
  }

  describe(): string {
    const { mode, policy } = this.options;
    const active = mode === 'active-backup' ? ` active_slave ${this.select()?.name ?? 'none'}` : '';
    return `bond mode ${mode}${active} miimon 0 updelay 0 downdelay 0 xmit_hash_policy ${policy}`;
  }
}

function isIgmp(bytes: Uint8Array, start: number, end: number): boolean {
  const typeAt = typeOffset(bytes, start, end);
  const l3 = typeAt + 2;
  return (
    l3 + ipv4.HEADER_LENGTH <= end &&
    readU16(bytes, typeAt) === ETH_P_IP &&
    ipv4.protocol(bytes, l3) === IPPROTO_IGMP
  );
}
