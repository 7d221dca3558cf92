/** What a guest may not put on the network, each as the frame that a hostile guest would send; between two guests on wires. DHCP is guard-dhcp.test.ts. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Offence } from '../../src/vmm/guard/guest-guard.ts';
import type { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { parseMac } from '../../src/wire/address.ts';
import {
  arp,
  data,
  ethernet,
  extension,
  fragment,
  frame,
  icmpv6,
  ipv4,
  ipv6,
  udp,
  vlan,
} from '../../src/wire/build.ts';
import { datagram, EVERYBODY, GATEWAY_MAC, IP, MAC, TwoWires, type WireNic } from './wire-guests.ts';

const mac6 = (text: string) => [...parseMac(text)!];

describe('a guest cannot', () => {
  let network: GuestNetwork;
  let wires: readonly [WireNic, WireNic];
  let refused: TwoWires['refused'];

  beforeEach(async () => {
    const two = new TwoWires();
    ({ network, wires } = two);
    refused = (bytes, offence) => two.refused(bytes, offence);
    await two.start();
  });

  afterEach(() => network.close());

  it("send from another's hardware address, the gateway's, or a group's", () => {
    for (const src of [MAC[1], GATEWAY_MAC, '03:00:00:00:00:01', '00:00:00:00:00:00'])
      refused(datagram(src, IP[0]), Offence.MAC);
  });

  it("send from another's address, the gateway's, this machine's, or one outside of its network", () => {
    const others = [
      IP[1],
      '192.168.122.1',
      '192.168.122.0',
      '192.168.122.255',
      '100.64.0.2',
      '8.8.8.8',
      '127.0.0.1',
    ];
    for (const from of others) refused(datagram(MAC[0], from), Offence.ADDRESS);
    refused(
      frame(
        ethernet({ src: MAC[0], dst: EVERYBODY }),
        ipv6({ src: 'fd00:122::1', dst: 'ff02::1' }),
        udp({ srcPort: 1, dstPort: 2 }),
      ),
      Offence.ADDRESS,
    );
  });

  it("send from another's IPv6 address, link-local or of the network", () => {
    for (const address of ['fe80::b', 'fd00:122::b']) {
      const from = (src: string) =>
        frame(
          ethernet({ src, dst: '33:33:00:00:00:01' }),
          ipv6({ src: address, dst: 'ff02::1' }),
          udp({ srcPort: 1, dstPort: 2 }),
        );
      wires[1].send(from(MAC[1]));
      refused(from(MAC[0]), Offence.ADDRESS);
    }
  });

  it('take more addresses than a guest has', () => {
    for (let i = 0; i < 50; i++) wires[0].send(datagram(MAC[0], `192.168.122.${100 + i}`));
    assert.equal(network.guards.claims.of(1).length, 4);
    assert.equal(wires[1].heard.length, 3);
  });

  it('poison ARP tables', () => {
    const lie = (senderMac: string, senderIp: string) =>
      frame(
        ethernet({ src: MAC[0], dst: EVERYBODY }),
        arp({ operation: 2, senderMac, senderIp, targetMac: MAC[1], targetIp: IP[1] }),
      );
    refused(lie(MAC[0], '192.168.122.1'), Offence.ARP);
    refused(lie(MAC[0], IP[1]), Offence.ARP);
    refused(lie(MAC[1], IP[0]), Offence.ARP);
    refused(lie(MAC[0], '0.0.0.0'), Offence.ARP);
  });

  const neighbour = (type: number, source: string, body: number[]) =>
    frame(
      ethernet({ src: MAC[0], dst: '33:33:00:00:00:01' }),
      ipv6({ src: source, dst: 'ff02::1', hopLimit: 255 }),
      icmpv6({ type }),
      data(Uint8Array.from(body)),
    );
  const target = (last: number) => [0xfd, 0, 1, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];

  it('poison neighbour tables', () => {
    const linkAddress = [2, 1, ...mac6(MAC[0])];
    refused(neighbour(136, 'fe80::a', [...target(1), ...linkAddress]), Offence.NEIGHBOUR);
    refused(neighbour(136, 'fe80::a', [...target(7), 2, 1, ...mac6(MAC[1])]), Offence.NEIGHBOUR);
    refused(neighbour(135, 'fe80::a', [...target(7), 1, 1, ...mac6(MAC[1])]), Offence.NEIGHBOUR);
    refused(neighbour(136, 'fe80::a', [...target(7), 2, 0, ...mac6(MAC[0])]), Offence.NEIGHBOUR);
    wires[0].send(neighbour(136, 'fe80::a', [...target(7), ...linkAddress]));
    assert.equal(wires[1].heard.length, 1);
  });

  it('play router, behind extension headers and in fragments neither', () => {
    const advertisement = [icmpv6({ type: 134 }), data(new Uint8Array(8))];
    refused(neighbour(134, 'fe80::a', [0, 0, 0, 0, 0, 0, 0, 0]), Offence.ROUTER);
    refused(neighbour(137, 'fe80::a', [...target(1), ...target(2)]), Offence.ROUTER);
    const link = ethernet({ src: MAC[0], dst: '33:33:00:00:00:01' });
    const ip = ipv6({ src: 'fe80::a', dst: 'ff02::1', hopLimit: 255 });
    refused(frame(link, ip, extension(60), ...advertisement), Offence.ROUTER);
    refused(frame(link, ip, fragment({ moreFragments: true, id: 1 }), ...advertisement), Offence.ROUTER);
  });

  it('speak what is not for guests: VLANs, spanning trees, anything but IP and ARP', () => {
    refused(
      frame(ethernet({ src: MAC[0], dst: EVERYBODY }), vlan({ vid: 5 }), ipv4({ src: IP[0], dst: IP[1] })),
      Offence.PROTOCOL,
    );
    refused(
      frame(ethernet({ src: MAC[0], dst: '01:80:c2:00:00:00', type: 0x88cc }), data(new Uint8Array(50))),
      Offence.PROTOCOL,
    );
  });

  it('end the network by any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, isMine) => {
        const sent = bytes.slice();
        if (isMine && sent.length >= 12) sent.set(parseMac(MAC[0])!, 6);
        wires[0].send(sent);
      }),
    );
  });

  it('keep its addresses when it is gone', () => {
    wires[0].events!.link(false);
    wires[0].events!.link(true);
    wires[1].heard = [];
    wires[1].send(datagram(MAC[1], IP[0]));
    assert.deepEqual(network.guards.claims.of(2).sort(), [...IP].sort());
  });
});
