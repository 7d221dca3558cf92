/**
 * The world, as guests see it: a host at the far end of the gateway's uplink that is every address there is (`ip route add
 * local 0.0.0.0/0`). What guests send out ends in its stack, and goes on as sockets of this machine.
 *
 *     guests ─ switch ─ gateway (rules, NAT, helpers) ─ uplink ─ world: tcp-relay.ts ─ sockets of this machine
 */
import { parseHostConfig } from '../../stack/config.ts';
import { Host } from '../../stack/host.ts';
import type { Device } from '../../stack/device.ts';
import { parseAddress } from '../../stack/address.ts';
import { ChecksumState, PacketBuffer } from '../../wire/packet-buffer.ts';
import { withoutLength } from '../prefixes.ts';
import type { World, WorldOptions } from '../surroundings.ts';
import { DestinationPolicy } from './destinations.ts';
import { Forwards } from './forwards.ts';
import { Outside } from './outside.ts';
import { PingRelay } from './ping-relay.ts';
import { TcpRelay } from './tcp-relay.ts';
import { UdpRelay } from './udp-relay.ts';

export const UPLINK = 'uplink';
/** UDP ports of a guest with what they talk to; a resolver asks from hundreds. */
const PAIRS_PER_GUEST = 512;
/** Bytes that one connection holds at most on their way out: some round trips' worth, not 32 MB as Linux would. */
const MOST_RECEIVED = 4 * 1024 * 1024;
/**
 * Bytes that one connection holds at most on their way in: no guest on this machine has more under way, and a ring of this
 * size stays in the processor's cache (of Linux's 4 MB, reading, sending and checking each missed it: a fifth more time a gigabyte).
 */
const MOST_TO_SEND = 1024 * 1024;
/** Pages of 4 KiB for all connections together: 512 MiB. */
const MOST_PAGES = 131_072;

export class MachineWorld implements World {
  readonly host: Host;
  readonly forwards: Forwards;
  private readonly device: Device;
  private readonly tcp: TcpRelay;
  private readonly udp: UdpRelay;
  private readonly ping: PingRelay;
  private readonly pkt = new PacketBuffer();

  constructor({
    clock,
    rng,
    toGateway,
    mac,
    mtu,
    addresses,
    addressesOf,
    guests,
    guestOf,
    connectionsPerGuest,
    witness,
    reaches,
  }: WorldOptions) {
    const config = parseHostConfig({
      interfaces: { [UPLINK]: { mac, mtu, addresses } },
      routes: [
        ...guests.map(({ to, via }) => ({ to, via, dev: UPLINK })),
        { to: '0.0.0.0/0', type: 'local' },
        { to: '::/0', type: 'local' },
      ],
      sysctl: {
        'net.ipv4.ip_forward': 0,
        'net.ipv6.conf.all.forwarding': 0,
        'net.ipv4.tcp_rmem[2]': MOST_RECEIVED,
        'net.ipv4.tcp_wmem[2]': MOST_TO_SEND,
        'net.ipv4.tcp_mem[2]': MOST_PAGES,
      },
    });
    this.host = new Host(config, {
      clock,
      rng,
      sink: { frame: (_device, bytes, start, end) => toGateway(bytes, start, end, true) },
    });
    this.device = this.host.devices.named(UPLINK)!;
    const policy = new DestinationPolicy(addresses.map(withoutLength), reaches);
    const outside = new Outside(clock);
    this.tcp = new TcpRelay(this.host, this.device, outside, policy, guestOf, connectionsPerGuest, witness);
    this.udp = new UdpRelay(this.host, outside, policy, guestOf, PAIRS_PER_GUEST, witness);
    this.ping = new PingRelay(this.host, this.device, outside, policy, guestOf);
    const machineOf = (isWanted: (text: string) => boolean) =>
      parseAddress(withoutLength(addresses.find(isWanted)!))!.words;
    this.forwards = new Forwards({
      tcp: this.tcp.tcp,
      udp: this.udp.udp,
      outside,
      addressesOf,
      machine: {
        4: machineOf((text) => !text.includes(':')),
        6: machineOf((text) => text.includes(':')),
      },
    });
  }

  receive(bytes: Uint8Array, start: number, end: number, isRight: boolean): void {
    this.pkt.reset(bytes, start, end);
    if (isRight) this.pkt.checksumState = ChecksumState.GOOD;
    this.host.receive(this.device, this.pkt);
  }

  async close(): Promise<void> {
    await this.forwards.close();
    this.tcp.close();
    this.udp.close();
    this.ping.close();
  }
}
