/** An interface of a lab's host that gets its address by DHCP: the client and its socket. */
import type { Device } from '../../stack/device.ts';
import type { Udp } from '../../stack/udp/index.ts';
import { Dhcp4Client, type DhcpLease } from '../../services/dhcp4-client.ts';
import * as dhcp from '../../wire/dhcp.ts';
import { send, take } from './host-services.ts';
import { LeasedInterface } from './leased-interface.ts';

const EVERYBODY = Int32Array.of(-1, 0, 0, 0);

export class DhcpInterface {
  readonly device: Device;
  readonly client: Dhcp4Client;
  /** What the client said, oldest first. */
  readonly told: string[] = [];
  /** A field, so that saved states have it. */
  private readonly leased: LeasedInterface;

  /** @param onLease - told of every lease, and of its end (null) */
  constructor(udp: Udp, device: Device, name: string, onLease: (lease: DhcpLease | null) => void) {
    const { host } = udp;
    this.device = device;
    this.leased = new LeasedInterface(host, device);
    const socket = udp.open({ family: 4, port: dhcp.CLIENT_PORT, device: device.index });
    socket.mayBroadcast = true;
    this.client = new Dhcp4Client(device.mac, name, {
      clock: host.clock,
      rng: host.rng,
      send: (message, server) =>
        send(socket, message, server === 0 ? EVERYBODY : Int32Array.of(server, 0, 0, 0), dhcp.SERVER_PORT),
      bound: (lease) => {
        this.leased.take(lease);
        onLease(lease);
      },
      tell: (line) => void this.told.push(line),
    });
    take(socket, (bytes) => this.client.hear(bytes));
  }
}
