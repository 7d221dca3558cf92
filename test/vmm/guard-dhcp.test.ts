/** What a guest may not do by DHCP: serve it, and take leases, addresses and names of others; between two guests on wires. */
import assert from 'node:assert/strict';
import { Offence } from '../../src/vmm/guard/guest-guard.ts';
import type { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { formatIp4, parseMac } from '../../src/wire/address.ts';
import { data, ethernet, frame, ipv4, ipv6, udp } from '../../src/wire/build.ts';
import * as dhcp from '../../src/wire/dhcp.ts';
import { datagram, EVERYBODY, IP, MAC, TwoWires, type WireNic } from './wire-guests.ts';

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

describe('a guest cannot, by DHCP,', () => {
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

  it('be offered an address by DHCP that another uses', () => {
    const leases = network.services.leases!;
    const taken = Array.from(
      { length: 60 },
      (_, i) => leases.offer(`c${i}`, `02:01:00:00:00:${i}`, 0)!.address & 0xff,
    );
    assert.equal(taken.includes(10), false);
    assert.equal(taken.includes(11), false);
  });
});
