/** How guests get IPv6: router advertisements and DHCPv6, as bytes; the guest is a socket or a wire of ours. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VirtualClock } from '../../src/base/clock.ts';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { Dhcp6Server } from '../../src/vmm/services/dhcp6-server.ts';
import type { Nic, NicEvents } from '../../src/vmm/nics/nic.ts';
import * as dhcp6 from '../../src/wire/dhcp6.ts';
import { data, ethernet, frame, icmpv6, ipv6 } from '../../src/wire/build.ts';
import { parseAddress } from '../../src/stack/address.ts';
import { dissectEthernet } from '../../src/wire/dissect.ts';
import { PacketBuffer } from '../../src/wire/packet-buffer.ts';
import * as nd from '../../src/wire/nd.ts';

class WireNic implements Nic {
  readonly name = 'wire';
  events: NicEvents | null = null;
  readonly heard: Uint8Array[] = [];

  start(events: NicEvents): void {
    this.events = events;
    events.link(true);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    this.heard.push(bytes.slice(start, end));
    return true;
  }

  async close(): Promise<void> {}

  advertisements(): PacketBuffer[] {
    return this.heard
      .map((bytes) => {
        const pkt = new PacketBuffer(bytes);
        dissectEthernet(pkt);
        return pkt;
      })
      .filter((pkt) => pkt.proto === 58 && pkt.bytes[pkt.l4] === 134);
  }
}

const SOLICITATION = frame(
  ethernet({ src: '02:00:00:00:00:05', dst: '33:33:00:00:00:02' }),
  ipv6({ src: 'fe80::5', dst: 'ff02::2', hopLimit: 255 }),
  icmpv6({ type: 133 }),
  data(Uint8Array.of(1, 1, 2, 0, 0, 0, 0, 5)),
);

describe('router advertisements', () => {
  let network: GuestNetwork;
  let nic: WireNic;

  beforeEach(async () => {
    nic = new WireNic();
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: [{ name: 'web', nic }],
      seed: 1,
      mtu: 9000,
    });
    await network.start();
  });

  afterEach(() => network.close());

  it('answer a solicitation, with the network, its MTU, and the name server', () => {
    nic.events!.frame(SOLICITATION, 0, SOLICITATION.length);
    const [pkt] = nic.advertisements();
    assert.ok(pkt !== undefined);
    const { bytes, l4, l3End } = pkt;
    assert.equal(nd.check(bytes, l4, l3End), 0);
    assert.equal(nd.raFlags(bytes, l4), nd.RA_MANAGED | nd.RA_OTHER);
    assert.equal(nd.raLifetime(bytes, l4), 1800);
    const prefix = nd.findOption(bytes, l4, l3End, nd.OPTION_PREFIX_INFORMATION);
    assert.equal(bytes[prefix + 2], 64);
    assert.equal(Buffer.from(bytes.subarray(prefix + 16, prefix + 24)).toString('hex'), 'fd00012200000000');
    const mtu = nd.findOption(bytes, l4, l3End, nd.OPTION_MTU);
    assert.equal(Buffer.from(bytes).readUInt32BE(mtu + 4), 9000);
    const server = nd.findOption(bytes, l4, l3End, nd.OPTION_RDNSS);
    assert.equal(
      Buffer.from(bytes.subarray(server + 8, server + 24))
        .toString('hex')
        .slice(-4),
      '0001',
    );
  });

  it('are not sent for every solicitation of a guest that keeps asking', () => {
    for (let i = 0; i < 100; i++) nic.events!.frame(SOLICITATION, 0, SOLICITATION.length);
    assert.equal(nic.advertisements().length, 1);
  });

  it('say that there is no router any more when the network ends', async () => {
    await network.close();
    const last = nic.advertisements().at(-1)!;
    assert.equal(nd.raLifetime(last.bytes, last.l4), 0);
  });
});

describe('the DHCPv6 server', () => {
  const { MessageType, Option } = dhcp6;
  const clock = new VirtualClock(1_700_000_000_000_000);
  const make = () =>
    new Dhcp6Server({
      clock,
      prefix: parseAddress('fd00:122::')!.words,
      nameServer: parseAddress('fd00:122::1')!.words,
      mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
      leaseSeconds: 3600,
      domain: 'guests.internal',
    });
  const association = (iaid: number) => ({
    code: Option.IA_NA,
    value: Uint8Array.of(0, 0, 0, iaid, 0, 0, 0, 0, 0, 0, 0, 0),
  });
  const clientId = (n: number) => ({
    code: Option.CLIENT_ID,
    value: Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, n),
  });
  const name = { code: Option.CLIENT_FQDN, value: Uint8Array.from([0, 3, ...Buffer.from('web'), 0]) };
  const ask = (server: Dhcp6Server, type: number, options: dhcp6.Dhcp6Option[], asker = 'fe80::5') => {
    const answer = server.answer(dhcp6.emit({ type, transaction: 0x123456, options }), asker);
    return answer && dhcp6.parse(answer);
  };
  const addressIn = (message: dhcp6.Dhcp6Message) =>
    dhcp6
      .addressesIn(dhcp6.optionOf(message.options, Option.IA_NA)!)!
      .map((bytes) => Buffer.from(bytes).toString('hex'));

  it('offers, binds and renews one address, and knows its name', () => {
    const server = make();
    const offer = ask(server, MessageType.SOLICIT, [clientId(5), association(1)])!;
    assert.equal(offer.type, MessageType.ADVERTISE);
    assert.equal(offer.transaction, 0x123456);
    const [offered] = addressIn(offer);
    assert.match(offered!, /^fd000122/);
    const id = { code: Option.SERVER_ID, value: dhcp6.optionOf(offer.options, Option.SERVER_ID)! };
    const bound = ask(server, MessageType.REQUEST, [clientId(5), id, association(1), name])!;
    assert.equal(bound.type, MessageType.REPLY);
    assert.deepEqual(addressIn(bound), [offered]);
    assert.deepEqual(
      [...server].map((lease) => lease.name),
      ['web'],
    );
    assert.deepEqual(addressIn(ask(server, MessageType.RENEW, [clientId(5), id, association(1)])!), [
      offered,
    ]);
    const search = dhcp6.optionOf(bound.options, Option.DOMAIN_LIST)!;
    assert.equal(Buffer.from(search).toString(), '\x06guests\x08internal\0');
    ask(server, MessageType.RELEASE, [clientId(5), id, association(1)]);
    assert.deepEqual([...server], []);
  });

  it('gives one asker a few addresses, and then says that there are none', () => {
    const server = make();
    const answers = Array.from({ length: 10 }, (_, i) =>
      addressIn(ask(server, MessageType.SOLICIT, [clientId(i), association(1)])!),
    );
    assert.deepEqual(
      answers.map((addresses) => addresses.length),
      [1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
    );
    assert.equal(
      addressIn(ask(server, MessageType.SOLICIT, [clientId(99), association(1)], 'fe80::6')!).length,
      1,
    );
  });

  it("does not let one at another's address by its identifier, nor release it", () => {
    const server = make();
    const mine = ask(server, MessageType.SOLICIT, [clientId(5), association(1)])!;
    const id = { code: Option.SERVER_ID, value: dhcp6.optionOf(mine.options, Option.SERVER_ID)! };
    const stolen = ask(server, MessageType.REQUEST, [clientId(5), id, association(1), name], 'fe80::6')!;
    assert.notDeepEqual(addressIn(stolen), addressIn(mine));
    ask(server, MessageType.RELEASE, [clientId(5), id, association(1)], 'fe80::6');
    assert.deepEqual(
      [...server].map(({ asker, name }) => [asker, name]),
      [['fe80::5', '']],
    );
  });

  it('tells name servers to whoever only asks for those, and keeps silent for another server', () => {
    const server = make();
    const reply = ask(server, MessageType.INFORMATION_REQUEST, [])!;
    assert.equal(dhcp6.optionOf(reply.options, Option.DNS_SERVERS)!.length, 16);
    const other = { code: Option.SERVER_ID, value: Uint8Array.of(1, 2, 3) };
    assert.equal(ask(server, MessageType.REQUEST, [clientId(1), other, association(1)]), undefined);
  });

  it('takes any bytes', () => {
    const server = make();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void server.answer(bytes, 'fe80::5')),
    );
  });
});
