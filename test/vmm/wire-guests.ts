/** Guests that are nothing but a wire: what they put on it, frame by frame, and what they hear; two of them on a network of their own. */
import assert from 'node:assert/strict';
import type { Offence } from '../../src/vmm/guard/guest-guard.ts';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import type { Nic, NicEvents } from '../../src/vmm/nics/nic.ts';
import { arp, data, ethernet, frame, ipv4, udp } from '../../src/wire/build.ts';

export const GATEWAY_MAC = '02:53:6c:00:00:01';
export const MAC = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'] as const;
export const IP = ['192.168.122.10', '192.168.122.11'] as const;
export const EVERYBODY = 'ff:ff:ff:ff:ff:ff';

export class WireNic implements Nic {
  readonly name = 'wire';
  events: NicEvents | null = null;
  /** But for reports of multicast groups, which the gateway repeats when it is time for that. */
  heard: Uint8Array[] = [];

  start(events: NicEvents): void {
    this.events = events;
    events.link(true);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    const frame = bytes.slice(start, end);
    if (!isToMldRouters(frame)) this.heard.push(frame);
    return true;
  }

  send(bytes: Uint8Array): void {
    this.events!.frame(bytes.slice(), 0, bytes.length);
  }

  async close(): Promise<void> {}
}

/** An announcement of one's address. */
export const hello = (src: string, ip: string) =>
  frame(ethernet({ src, dst: EVERYBODY }), arp({ operation: 1, senderMac: src, senderIp: ip, targetIp: ip }));
/** One to everybody. */
export const datagram = (src: string, from: string, sport = 1000, dport = 2000) =>
  frame(
    ethernet({ src, dst: EVERYBODY }),
    ipv4({ src: from, dst: '255.255.255.255' }),
    udp({ srcPort: sport, dstPort: dport }),
    data(Uint8Array.of(1)),
  );

/** To ff02::16. */
const isToMldRouters = (frame: Uint8Array) =>
  Buffer.from(frame).subarray(0, 6).equals(Buffer.from('333300000016', 'hex'));

/** A network with two guests, both of which have said who they are. */
export class TwoWires {
  readonly wires: readonly [WireNic, WireNic] = [new WireNic(), new WireNic()];
  readonly network = new GuestNetwork({
    addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
    guests: this.wires.map((nic, i) => ({ name: `g${i}`, nic })),
    seed: 1,
  });

  async start(): Promise<void> {
    const { wires } = this;
    await this.network.start();
    wires.forEach((nic, i) => nic.send(hello(MAC[i]!, IP[i]!)));
    for (const nic of wires) nic.heard = [];
  }

  /** Guest 0 sends it: nothing comes of it, and it counts as that. */
  refused(bytes: Uint8Array, offence: Offence): void {
    const { network, wires } = this;
    const guard = network.guards.of(1)!;
    wires[1].heard = [];
    const before = guard.offences[offence]!;
    wires[0].send(bytes);
    assert.deepEqual(wires[1].heard, []);
    assert.equal(guard.offences[offence], before + 1);
  }
}
