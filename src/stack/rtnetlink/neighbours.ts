/** Neighbours set, changed and removed by hand (Linux: neigh_add, neigh_delete), and proxies. */
import type { IpAddress } from '../address.ts';
import type { Device } from '../device.ts';
import type { Host } from '../host.ts';
import type { Neighbours } from '../neighbours.ts';
import { NeighbourState, type Neighbour } from '../neighbour.ts';
import { NetlinkError } from './errors.ts';

export type NeighbourMode = 'add' | 'append' | 'change' | 'replace';

export class NeighbourControl {
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  private table(family: number): Neighbours {
    return family === 6 ? this.host.neighbours6 : this.host.neighbours4;
  }

  find(address: IpAddress, device: Device): Neighbour | undefined {
    const [w0, w1, w2, w3] = address.words;
    return this.table(address.family).find(device, w0!, w1!, w2!, w3!);
  }

  /** Throws NetlinkError. */
  set(
    address: IpAddress,
    device: Device,
    mac: Uint8Array | undefined,
    state: NeighbourState,
    mode: NeighbourMode,
    isRouter = false,
  ): void {
    const table = this.table(address.family);
    const there = this.find(address, device);
    if (there === undefined && mode === 'change') throw new NetlinkError('ENOENT');
    if (there !== undefined && mode === 'add') throw new NetlinkError('EEXIST');
    if (mac === undefined && there === undefined) {
      throw new NetlinkError('EINVAL', 'No link layer address given.');
    }
    const [w0, w1, w2, w3] = address.words;
    const neighbour = there ?? table.enter(device, w0!, w1!, w2!, w3!);
    if (neighbour === undefined) throw new NetlinkError('EINVAL');
    neighbour.isRouter = isRouter;
    table.set(neighbour, mac ?? neighbour.mac, state);
  }

  /** Throws NetlinkError. */
  remove(address: IpAddress, device: Device): void {
    const neighbour = this.find(address, device);
    if (neighbour === undefined) throw new NetlinkError('ENOENT');
    this.table(address.family).forget(neighbour);
  }

  /** All of a device (or of all) but the permanent ones. */
  flush(family: number, device: Device | undefined): void {
    const table = this.table(family);
    for (const neighbour of [...table.entries()]) {
      const isOf = device === undefined || neighbour.device === device;
      if (isOf && neighbour.state !== NeighbourState.PERMANENT) table.forget(neighbour);
    }
  }
}
