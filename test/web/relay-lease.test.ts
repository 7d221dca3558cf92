/** What a relay's DHCP server may say to a network in a browser: whatever it is, nothing is thrown and the guests are served. */
import assert from 'node:assert/strict';
import { createNetwork, type BrowserNetwork } from '../../src/browser.ts';
import type { Nic, NicEvents } from '../../src/vmm/nics/nic.ts';
import { data, ethernet, frame, ipv4, udp } from '../../src/wire/build.ts';
import { parseIp4 } from '../../src/wire/address.ts';
import * as dhcp from '../../src/wire/dhcp.ts';

const DATA = 42;
const SERVER = '192.168.122.1';
const word = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const ip = (text: string) => word(parseIp4(text)!);

interface Offer {
  readonly address?: string;
  readonly mask?: string;
  readonly router?: string;
  readonly mtu?: number;
  readonly seconds?: number;
}

/** A relay on which nobody is but a DHCP server, which gives what it is told to. */
class LeasingRelay implements Nic {
  readonly name = 'relay';
  private events: NicEvents | null = null;
  private readonly offer: Required<Offer>;

  constructor(offer: Offer) {
    this.offer = {
      ...{ address: '192.168.122.9', mask: '255.255.255.0', router: SERVER, mtu: 1400, seconds: 3600 },
      ...offer,
    };
  }

  start(events: NicEvents): void {
    this.events = events;
    events.link(true);
  }

  transmit(bytes: Uint8Array, start: number, end: number): boolean {
    const asked = dhcp.parse(bytes, start + DATA, end);
    const kind = asked?.options.get(dhcp.Option.MESSAGE_TYPE)?.[0];
    if (asked === undefined || kind === undefined) return true;
    const { address, mask, router, mtu, seconds } = this.offer;
    const { DISCOVER, OFFER, ACK } = dhcp.MessageType;
    const options = new Map([
      [dhcp.Option.MESSAGE_TYPE, Uint8Array.of(kind === DISCOVER ? OFFER : ACK)],
      [dhcp.Option.SERVER_IDENTIFIER, ip(SERVER)],
      [dhcp.Option.SUBNET_MASK, ip(mask)],
      [dhcp.Option.ROUTER, ip(router)],
      [dhcp.Option.INTERFACE_MTU, Uint8Array.of(mtu >> 8, mtu)],
      [dhcp.Option.LEASE_TIME, word(seconds)],
    ]);
    const answer = { ...asked, op: dhcp.BOOTREPLY, yiaddr: parseIp4(address)!, options };
    const reply = frame(
      ethernet({ src: '02:00:00:00:09:09', dst: 'ff:ff:ff:ff:ff:ff' }),
      ipv4({ src: SERVER, dst: '255.255.255.255' }),
      udp({ srcPort: dhcp.SERVER_PORT, dstPort: dhcp.CLIENT_PORT }),
      data(dhcp.emit(answer)),
    );
    queueMicrotask(() => this.events!.frame(reply, 0, reply.length));
    return true;
  }

  async close(): Promise<void> {}
}

describe("a relay's lease", () => {
  let network: BrowserNetwork | undefined;

  const given = async (offer: Offer) => {
    network = await createNetwork({ guests: {}, relay: new LeasingRelay(offer) });
    while (network.relay!.address === null && network.relay!.problem === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const { mtu } = network.gateway.host.devices.named('wan')!;
    return { ...network.relay!, mtu };
  };

  afterEach(() => network?.close());

  it('is taken', async () => {
    const { address, problem, mtu } = await given({});
    assert.deepEqual({ address, problem, mtu }, { address: '192.168.122.9', problem: null, mtu: 1400 });
  });

  for (const [what, offer] of Object.entries<Offer>({
    'a router that is nowhere near': { router: '10.9.9.9' },
    'the address that the gateway has already': { address: '169.254.83.1', mask: '255.255.255.252' },
    "the guests' network": { address: '192.168.123.77' },
  }))
    it(`with ${what} is not, and says why`, async () => {
      const { address, problem } = await given(offer);
      assert.equal(address, null);
      assert.match(problem!, /relay/);
    });

  for (const address of ['0.0.0.0', '127.0.0.1', '224.0.0.5', '255.255.255.255', '192.168.122.255'])
    it(`of ${address} under any mask is taken or is not, and nothing is thrown`, async () => {
      for (const mask of ['0.0.0.0', '255.0.255.0', '255.255.255.255', '255.255.255.0']) {
        const lease = await given({ address, mask, router: '0.0.0.0' });
        assert.equal(lease.address === null, lease.problem !== null, mask);
        await network!.close();
      }
    });

  for (const mtu of [0, 1, 67, 576, 65535])
    it(`with an MTU of ${mtu} is taken, and the wire stays fit for IPv6`, async () => {
      const lease = await given({ mtu });
      assert.equal(lease.address, '192.168.122.9');
      assert.ok(lease.mtu >= 1280 && lease.mtu <= 65520, String(lease.mtu));
    });

  for (const seconds of [0, 1, 2 ** 31, 2 ** 32 - 1])
    it(`for ${seconds} seconds is taken`, async () => {
      assert.equal((await given({ seconds })).address, '192.168.122.9');
    });
});
