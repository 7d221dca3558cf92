/** What a guest may not put on the network, each as the frame that a hostile guest would send; between two guests on wires. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';
import fc from 'fast-check';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { Offence } from '../../src/vmm/guard/guest-guard.ts';
import type { Nic, NicEvents } from '../../src/vmm/nics/nic.ts';
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
  tcp,
  udp,
  vlan,
} from '../../src/wire/build.ts';
import * as dhcp from '../../src/wire/dhcp.ts';
import { formatIp4, parseMac } from '../../src/wire/address.ts';

const GATEWAY_MAC = '02:53:6c:00:00:01';
const MAC = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'] as const;
const IP = ['192.168.122.10', '192.168.122.11'] as const;
const EVERYBODY = 'ff:ff:ff:ff:ff:ff';

class WireNic implements Nic {
  readonly name = 'wire';
  events: NicEvents | null = null;
  heard: Uint8Array[] = [];

  start(events: NicEvents): void {
    this.events = events;
    events.link(true);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    this.heard.push(bytes.slice(start, end));
    return true;
  }

  send(bytes: Uint8Array): void {
    this.events!.frame(bytes.slice(), 0, bytes.length);
  }

  async close(): Promise<void> {}
}

const mac6 = (text: string) => [...parseMac(text)!];
const hello = (src: string, ip: string) =>
  frame(ethernet({ src, dst: EVERYBODY }), arp({ operation: 1, senderMac: src, senderIp: ip, targetIp: ip }));
const datagram = (src: string, from: string, sport = 1000, dport = 2000) =>
  frame(
    ethernet({ src, dst: EVERYBODY }),
    ipv4({ src: from, dst: '255.255.255.255' }),
    udp({ srcPort: sport, dstPort: dport }),
    data(Uint8Array.of(1)),
  );

/** To ff02::16. */
const isToMldRouters = (frame: Uint8Array) =>
  Buffer.from(frame).subarray(0, 6).equals(Buffer.from('333300000016', 'hex'));

/** DHCP as a client speaks it. */
const dhcpFrom = (src: string, type: number, more: [number, Uint8Array][] = [], ciaddr = 0, chaddr = src) =>
  frame(
    ethernet({ src, dst: EVERYBODY }),
    ipv4({ src: '0.0.0.0', dst: '255.255.255.255' }),
    udp({ srcPort: 68, dstPort: 67 }),
    data(
      dhcp.emit({
        ...{
          op: dhcp.BOOTREQUEST,
          xid: 1,
          secs: 0,
          flags: 0,
          ciaddr,
          yiaddr: 0,
          siaddr: 0,
          giaddr: 0,
          file: '',
        },
        chaddr: parseMac(chaddr)!,
        options: new Map([[dhcp.Option.MESSAGE_TYPE, Uint8Array.of(type)], ...more]),
      }),
    ),
  );
const { DISCOVER, REQUEST, RELEASE } = dhcp.MessageType;
const word = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);

describe('a guest cannot', () => {
  let network: GuestNetwork;
  let wires: readonly [WireNic, WireNic];

  beforeEach(async () => {
    wires = [new WireNic(), new WireNic()];
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: wires.map((nic, i) => ({ name: `g${i}`, nic })),
      seed: 1,
    });
    await network.start();
    wires.forEach((nic, i) => nic.send(hello(MAC[i]!, IP[i]!)));
    for (const nic of wires) nic.heard = [];
  });

  afterEach(() => network.close());

  /** Guest 0 sends it: nothing comes of it, and it counts as that. */
  const refused = (bytes: Uint8Array, offence: Offence) => {
    const guard = network.guards.of(1)!;
    wires[1].heard = [];
    const before = guard.offences[offence]!;
    wires[0].send(bytes);
    // The gateway repeats its reports of multicast groups when it is time for that.
    const heard = wires[1].heard.filter((frame) => !isToMldRouters(frame));
    assert.deepEqual(heard, []);
    assert.equal(guard.offences[offence], before + 1);
  };

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

  it('play DHCP server, nor ask for leases in the name of others', () => {
    refused(datagram(MAC[0], IP[0], 67, 68), Offence.DHCP);
    const message = (chaddr: string) => dhcpFrom(MAC[0], DISCOVER, [], 0, chaddr);
    refused(message(MAC[1]), Offence.DHCP);
    wires[0].send(message(MAC[0]));
    assert.equal([...network.services.leases!].length, 1);
    refused(
      frame(
        ethernet({ src: MAC[0], dst: '33:33:00:01:00:02' }),
        ipv6({ src: 'fe80::a', dst: 'ff02::1:2' }),
        udp({ srcPort: 547, dstPort: 546 }),
      ),
      Offence.DHCP,
    );
  });

  /** Guest `n` has a lease: its address. */
  const leased = (n: 0 | 1, more: [number, Uint8Array][] = []): number => {
    const { leases } = network.services;
    wires[n].send(dhcpFrom(MAC[n], DISCOVER, more));
    const { address } = [...leases!].find(({ mac }) => mac === MAC[n])!;
    wires[n].send(dhcpFrom(MAC[n], REQUEST, [[dhcp.Option.REQUESTED_ADDRESS, word(address)], ...more]));
    assert.equal(leases!.macOf(address), MAC[n]);
    return address;
  };
  const identifier = (text: string): [number, Uint8Array] => [
    dhcp.Option.CLIENT_IDENTIFIER,
    Uint8Array.from(Buffer.from(text)),
  ];

  it('starve others of leases, whatever identifiers it makes up', () => {
    for (let i = 0; i < 500; i++) wires[0].send(dhcpFrom(MAC[0], DISCOVER, [identifier(`number ${i}`)]));
    assert.equal([...network.services.leases!].length, 4);
    leased(1);
  });

  it("get at another's lease by its identifier, nor release it", () => {
    const stolen = [identifier('of guest 1')];
    const address = leased(1, stolen);
    wires[0].send(dhcpFrom(MAC[0], DISCOVER, stolen));
    wires[0].send(dhcpFrom(MAC[0], REQUEST, [[dhcp.Option.REQUESTED_ADDRESS, word(address)], ...stolen]));
    wires[0].send(dhcpFrom(MAC[0], RELEASE, stolen, address));
    assert.equal(network.services.leases!.macOf(address), MAC[1]);
    assert.equal(leased(1, stolen), address);
  });

  it('be called like another: the name in the settings is its own, others are taken once', () => {
    const { names } = network.services;
    const called = (n: 0 | 1, name: string) =>
      leased(n, [[dhcp.Option.HOST_NAME, Uint8Array.from(Buffer.from(name))]]);
    called(0, 'g1');
    assert.deepEqual(names.addressesOf('g1'), []);
    const own = formatIp4(called(1, 'g1'));
    assert.deepEqual(names.addressesOf('g1'), [own]);
    const chosen = formatIp4(called(0, 'backup'));
    called(1, 'backup');
    assert.deepEqual(names.addressesOf('backup'), [chosen]);
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

  it('be offered an address by DHCP that another uses', () => {
    const leases = network.services.leases!;
    const taken = Array.from(
      { length: 60 },
      (_, i) => leases.offer(`c${i}`, `02:01:00:00:00:${i}`, 0)!.address & 0xff,
    );
    assert.equal(taken.includes(10), false);
    assert.equal(taken.includes(11), false);
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

describe('limits of a guest', () => {
  const servers: Server[] = [];
  let network: GuestNetwork | null = null;

  afterEach(async () => {
    await network?.close();
    for (const server of servers.splice(0)) server.close();
  });

  it('hold for its connections: one more is refused, and possible again when one has ended', async () => {
    const { exchange, stackGuest, StackNic } = await import('./stack-guest.ts');
    const sockets: { destroy(): void }[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => void sockets.push(socket));
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, done));
    const { port } = server.address() as AddressInfo;
    const nic = new StackNic();
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24'],
      guests: [{ name: 'g', nic }],
      connectionsPerGuest: 3,
      seed: 1,
    });
    await network.start();
    const guest = stackGuest(network, nic, ['192.168.122.5/24'], ['192.168.122.1']);
    const open = () => exchange(network!, guest, '100.64.0.2', port, Buffer.alloc(0));
    const held = Array.from({ length: 3 }, open);
    while (sockets.length < 3) await new Promise((done) => setTimeout(done, 10));
    const { error } = await open();
    assert.notEqual(error, null);
    for (const socket of sockets) socket.destroy();
    await Promise.all(held);
    // It counts until the socket out there is closed, which may take a moment.
    for (let over: string | null = 'refused'; over !== null;) {
      const again = open().then((result) => result.error);
      const opened = sockets.length;
      const isOpen = async () => {
        while (sockets.length === opened) await new Promise((done) => setTimeout(done, 10));
        sockets.at(-1)!.destroy();
        return again;
      };
      over = await Promise.race([again, isOpen()]);
    }
  });

  it('hold for its rate: what is above is dropped', async () => {
    const wire = new WireNic();
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24'],
      guests: [{ name: 'g', nic: wire, rate: 1_000_000 }],
      seed: 1,
    });
    await network.start();
    const large = frame(
      ethernet({ src: MAC[0], dst: EVERYBODY }),
      ipv4({ src: IP[0], dst: '192.168.122.255' }),
      udp({ srcPort: 1, dstPort: 2 }),
      data(randomBytes(1400)),
    );
    for (let i = 0; i < 1000; i++) wire.send(large);
    const over = network.guards.of(1)!.offences[Offence.RATE]!;
    assert.ok(over > 800 && over < 1000, `${over} of 1000`);
  });
});

describe('guests', () => {
  it('S-9: may be called like what every object has', async () => {
    const names = ['constructor', '__proto__', 'toString'];
    const network = new GuestNetwork({
      addresses: ['192.168.122.1/24'],
      guests: names.map((name) => ({ name, nic: new WireNic() })),
    });
    await network.start();
    await network.close();
  });

  it('reach a port of another only as the rules say', async () => {
    const wire = new WireNic();
    const network = new GuestNetwork({ addresses: ['192.168.122.1/24'], guests: [{ name: 'g', nic: wire }] });
    await network.start();
    wire.send(hello(MAC[0], IP[0]));
    wire.heard = [];
    wire.send(
      frame(
        ethernet({ src: MAC[0], dst: GATEWAY_MAC }),
        ipv4({ src: IP[0], dst: '169.254.169.254' }),
        tcp({ srcPort: 5, dstPort: 80, flags: 2 }),
      ),
    );
    assert.equal(wire.heard.length, 1);
    await network.close();
  });
});
