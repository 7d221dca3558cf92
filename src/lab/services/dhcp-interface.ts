/** An interface of a lab's host that gets its address by DHCP: the client, its socket, and what a lease changes on the host. */
import { parsePrefix } from '../../stack/address.ts';
import type { Device } from '../../stack/device.ts';
import type { Host } from '../../stack/host.ts';
import { readRouteWords, routeConfigOf } from '../../stack/routing/route-words.ts';
import { Words } from '../../stack/routing/words.ts';
import type { Udp } from '../../stack/udp/index.ts';
import { Dhcp4Client, type DhcpLease } from '../../services/dhcp4-client.ts';
import { formatIp4 } from '../../wire/address.ts';
import * as dhcp from '../../wire/dhcp.ts';
import { send, take } from './host-services.ts';

const EVERYBODY = Int32Array.of(-1, 0, 0, 0);

export class DhcpInterface {
  readonly device: Device;
  readonly client: Dhcp4Client;
  /** What the client said, oldest first. */
  readonly told: string[] = [];
  private readonly host: Host;
  private readonly onLease: (lease: DhcpLease | null) => void;
  private held: DhcpLease | null = null;

  /** @param onLease - told of every lease, and of its end (null) */
  constructor(udp: Udp, device: Device, name: string, onLease: (lease: DhcpLease | null) => void) {
    this.host = udp.host;
    this.device = device;
    this.onLease = onLease;
    const socket = udp.open({ family: 4, port: dhcp.CLIENT_PORT, device: device.index });
    socket.mayBroadcast = true;
    this.client = new Dhcp4Client(device.mac, name, {
      clock: this.host.clock,
      rng: this.host.rng,
      send: (message, server) =>
        send(socket, message, server === 0 ? EVERYBODY : Int32Array.of(server, 0, 0, 0), dhcp.SERVER_PORT),
      bound: (lease) => this.take(lease),
      tell: (line) => void this.told.push(line),
    });
    take(socket, (bytes) => this.client.hear(bytes));
  }

  private take(lease: DhcpLease | null): void {
    const { held } = this;
    const isSame =
      held !== null && lease !== null && held.address === lease.address && held.router === lease.router;
    if (!isSame) {
      if (held !== null) this.leave(held);
      if (lease !== null) this.settle(lease);
    }
    this.held = lease;
    this.onLease(lease);
  }

  private settle(lease: DhcpLease): void {
    const { netlink } = this.host;
    netlink.addresses.add(prefixOf(lease), this.device);
    if (lease.router === 0) return;
    const words = `default via ${formatIp4(lease.router)} dev ${this.device.name}`;
    netlink.routes.add(routeConfigOf(readRouteWords(new Words(words.split(' ')), 4)), 'replace');
  }

  private leave(lease: DhcpLease): void {
    this.host.netlink.addresses.remove(prefixOf(lease), this.device);
  }
}

function prefixOf({ address, mask }: DhcpLease) {
  // Ones in front, zeroes behind.
  return parsePrefix(`${formatIp4(address)}/${Math.clz32(~mask)}`)!;
}
