/** What a DHCP lease changes on a host: the address of an interface, and the way out by the router that the lease names. */
import { parsePrefix, type IpPrefix } from '../../stack/address.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { readRouteWords, routeConfigOf } from '../../stack/routing/route-words.ts';
import { Words } from '../../stack/routing/words.ts';
import type { DhcpLease } from '../../services/dhcp4-client.ts';
import { formatIp4 } from '../../wire/address.ts';

export class LeasedInterface {
  private readonly host: Host;
  private readonly device: Device;
  private held: DhcpLease | null = null;
  private hasRoute = false;

  constructor(host: Host, device: Device) {
    this.host = host;
    this.device = device;
  }

  /** A lease, the same once more, or its end (null). Throws NetlinkError for what the host cannot have; then comes its end. */
  take(lease: DhcpLease | null): void {
    const { held } = this;
    const isSame = lease !== null && held?.address === lease.address && held.router === lease.router;
    if (!isSame && held !== null) this.leave(held);
    if (!isSame && lease !== null) this.host.netlink.addresses.add(prefixOfLease(lease), this.device);
    this.held = lease;
    if (lease !== null && !this.hasRoute) this.lead(lease);
  }

  private leave(held: DhcpLease): void {
    this.held = null;
    this.hasRoute = false;
    this.host.netlink.addresses.remove(prefixOfLease(held), this.device);
  }

  /** Nothing goes out by the router for now; the address stays. */
  withdraw(): void {
    const { held } = this;
    if (held === null || !this.hasRoute) return;
    this.hasRoute = false;
    const words = this.wordsOf(held);
    this.host.netlink.routes.remove(words, routeConfigOf(words).table);
  }

  private lead(lease: DhcpLease): void {
    if (lease.router === 0) return;
    this.host.netlink.routes.add(routeConfigOf(this.wordsOf(lease)), 'replace');
    this.hasRoute = true;
  }

  private wordsOf({ router }: DhcpLease) {
    const text = `default via ${formatIp4(router)} dev ${this.device.name}`;
    return readRouteWords(new Words(text.split(' ')), 4);
  }
}

/** Of the mask the ones in front count: whoever gives the lease may be anybody. */
export function prefixOfLease({ address, mask }: DhcpLease): IpPrefix {
  return parsePrefix(`${formatIp4(address)}/${Math.clz32(~mask)}`)!;
}
