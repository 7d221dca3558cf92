/**
 * Addresses that the host answers for though they are not its own (`ip neigh add proxy`; Linux: pneigh_entry), each on one
 * device: by ARP always, by neighbour discovery where net.ipv6.conf.*.proxy_ndp says so.
 */
import { sameWords, type IpAddress } from './address.ts';
import type { Device } from './device.ts';

export interface Proxy {
  readonly address: IpAddress;
  readonly device: Device;
}

export class Proxies {
  private list: Proxy[] = [];

  add(address: IpAddress, device: Device): void {
    if (!this.has(address, device)) this.list.push({ address, device });
  }

  /** False when it was none. */
  remove(address: IpAddress, device: Device): boolean {
    const before = this.list.length;
    this.list = this.list.filter((one) => !isOf(one, address, device));
    return this.list.length < before;
  }

  has(address: IpAddress, device: Device): boolean {
    return this.list.some((one) => isOf(one, address, device));
  }

  all(): readonly Proxy[] {
    return this.list;
  }
}

function isOf(one: Proxy, address: IpAddress, device: Device): boolean {
  return (
    one.device === device &&
    one.address.family === address.family &&
    sameWords(one.address.words, address.words)
  );
}
