/** The DHCP server as clients meet it: RFC 2131's exchanges, and guests that want more than their share. */
import assert from 'node:assert/strict';
import { VirtualClock } from '../../src/base/clock.ts';
import { Leases } from '../../src/services/dhcp4-leases.ts';
import { Dhcp4Server } from '../../src/services/dhcp4-server.ts';
import { formatIp4, parseIp4, parseMac } from '../../src/wire/address.ts';
import * as dhcp from '../../src/wire/dhcp.ts';

const { MessageType, Option } = dhcp;
const ip = (text: string) => parseIp4(text)!;
const HOUR_US = 3_600_000_000;

function makeServer(perMac = 2) {
  const clock = new VirtualClock(1_700_000_000_000_000);
  const leases = new Leases({
    clock,
    first: ip('192.168.122.1'),
    last: ip('192.168.122.6'),
    taken: [ip('192.168.122.1')],
    reservations: [{ mac: '02:00:00:00:00:aa', address: ip('192.168.122.200'), name: 'printer' }],
    leaseUs: HOUR_US,
    perMac,
  });
  const network = {
    address: ip('192.168.122.1'),
    router: ip('192.168.122.1'),
    mask: ip('255.255.255.0'),
    mtu: 1500,
    leaseSeconds: 3600,
    nameServers: [ip('192.168.122.1')],
    domain: 'guests.internal',
    extra: new Map(),
  };
  return { clock, leases, server: new Dhcp4Server(network, leases) };
}

function ask(
  type: dhcp.MessageType,
  mac: string,
  { ciaddr = 0, giaddr = 0, options = [] as [number, Uint8Array][] } = {},
): dhcp.DhcpMessage {
  return {
    op: dhcp.BOOTREQUEST,
    xid: 0x1234,
    secs: 3,
    flags: 0,
    ciaddr,
    yiaddr: 0,
    siaddr: 0,
    giaddr,
    chaddr: parseMac(mac)!,
    file: '',
    options: new Map([[Option.MESSAGE_TYPE, Uint8Array.of(type)], ...options]),
  };
}

const requested = (address: number): [number, Uint8Array] => [
  Option.REQUESTED_ADDRESS,
  Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address),
];
const server1: [number, Uint8Array] = [Option.SERVER_IDENTIFIER, Uint8Array.of(192, 168, 122, 1)];
const identifier = (n: number): [number, Uint8Array] => [Option.CLIENT_IDENTIFIER, Uint8Array.of(0, n)];
const typeOf = (message: dhcp.DhcpMessage | undefined) => message?.options.get(Option.MESSAGE_TYPE)?.[0];

/** DISCOVER, OFFER, REQUEST, ACK; the address, or what refused it. */
function obtain(server: Dhcp4Server, mac: string, options: [number, Uint8Array][] = []): string | undefined {
  const offer = server.answer(ask(MessageType.DISCOVER, mac, { options }));
  if (offer === undefined) return undefined;
  const more = [...options, requested(offer.yiaddr), server1];
  const ack = server.answer(ask(MessageType.REQUEST, mac, { options: more }));
  assert.equal(typeOf(ack), MessageType.ACK);
  assert.equal(ack!.yiaddr, offer.yiaddr);
  return formatIp4(ack!.yiaddr);
}

describe('the DHCP server', () => {
  it('offers and leases addresses, each once, and says all that a client needs', () => {
    const { server } = makeServer();
    const offer = server.answer(ask(MessageType.DISCOVER, '02:00:00:00:00:01'))!;
    assert.equal(typeOf(offer), MessageType.OFFER);
    assert.equal(offer.xid, 0x1234);
    assert.deepEqual([...offer.options.get(Option.SUBNET_MASK)!], [255, 255, 255, 0]);
    assert.deepEqual([...offer.options.get(Option.ROUTER)!], [192, 168, 122, 1]);
    assert.deepEqual([...offer.options.get(Option.BROADCAST_ADDRESS)!], [192, 168, 122, 255]);
    assert.deepEqual([...offer.options.get(Option.LEASE_TIME)!], [0, 0, 14, 16]);
    assert.equal(obtain(server, '02:00:00:00:00:01'), '192.168.122.2');
    assert.equal(obtain(server, '02:00:00:00:00:02'), '192.168.122.3');
    assert.equal(obtain(server, '02:00:00:00:00:01'), '192.168.122.2');
  });

  it('renews, and lets a client have its old address again after the lease has ended', () => {
    const { server, clock } = makeServer();
    obtain(server, '02:00:00:00:00:01');
    obtain(server, '02:00:00:00:00:02');
    clock.advanceTo(clock.now + HOUR_US / 2);
    const renewal = server.answer(
      ask(MessageType.REQUEST, '02:00:00:00:00:02', { ciaddr: ip('192.168.122.3') }),
    );
    assert.equal(typeOf(renewal), MessageType.ACK);
    clock.advanceTo(clock.now + 2 * HOUR_US);
    assert.equal(obtain(server, '02:00:00:00:00:03'), '192.168.122.4');
    assert.equal(obtain(server, '02:00:00:00:00:02'), '192.168.122.3');
  });

  it('refuses what is not to be had, so that the client begins anew', () => {
    const { server } = makeServer();
    obtain(server, '02:00:00:00:00:01');
    for (const address of ['192.168.122.2', '192.168.122.1', '10.0.0.1', '192.168.122.200']) {
      const answer = server.answer(ask(MessageType.REQUEST, '02:00:00:00:00:09', { ciaddr: ip(address) }));
      assert.equal(typeOf(answer), MessageType.NAK, address);
    }
  });

  it('keeps quiet when another server was chosen, and before relays', () => {
    const { server } = makeServer();
    const other: [number, Uint8Array] = [Option.SERVER_IDENTIFIER, Uint8Array.of(192, 168, 122, 77)];
    const options = [requested(ip('192.168.122.2')), other];
    assert.equal(server.answer(ask(MessageType.REQUEST, '02:00:00:00:00:01', { options })), undefined);
    assert.equal(server.answer(ask(MessageType.DISCOVER, '02:00:00:00:00:01', { giaddr: 1 })), undefined);
  });

  it('keeps reserved addresses for those they are reserved for', () => {
    const { server } = makeServer();
    assert.equal(obtain(server, '02:00:00:00:00:aa'), '192.168.122.200');
    const named = server.answer(ask(MessageType.DISCOVER, '02:00:00:00:00:aa'))!;
    assert.equal(Buffer.from(named.options.get(Option.HOST_NAME)!).toString(), 'printer');
  });

  it('hands a declined address to nobody for a while, and a released one to the next', () => {
    const { server, leases } = makeServer();
    obtain(server, '02:00:00:00:00:01');
    const options = [requested(ip('192.168.122.2')), server1];
    server.answer(ask(MessageType.DECLINE, '02:00:00:00:00:01', { options }));
    assert.equal(obtain(server, '02:00:00:00:00:01'), '192.168.122.3');
    server.answer(ask(MessageType.RELEASE, '02:00:00:00:00:01', { ciaddr: ip('192.168.122.3') }));
    assert.deepEqual(
      [...leases].map(({ state }) => state),
      ['declined'],
    );
  });

  it('gives one hardware address no more than its share, whatever identifiers it makes up', () => {
    const { server } = makeServer();
    const got = Array.from({ length: 9 }, (_, n) => obtain(server, '02:00:00:00:00:01', [identifier(n)]));
    assert.deepEqual(got.slice(0, 3), ['192.168.122.2', '192.168.122.3', undefined]);
    assert.equal(obtain(server, '02:00:00:00:00:02'), '192.168.122.4');
  });

  it('has nothing to offer once all addresses are taken, and again when an offer was not taken up', () => {
    const { server, clock } = makeServer();
    for (let n = 1; n <= 5; n++) server.answer(ask(MessageType.DISCOVER, `02:00:00:00:00:0${n}`));
    assert.equal(server.answer(ask(MessageType.DISCOVER, '02:00:00:00:00:09')), undefined);
    clock.advanceTo(clock.now + 61_000_000);
    assert.equal(obtain(server, '02:00:00:00:00:09'), '192.168.122.2');
  });
});
