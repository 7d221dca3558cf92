/** How much a guest may have of what all share, and what it may be called. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Offence } from '../../src/vmm/guard/guest-guard.ts';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { data, ethernet, frame, ipv4, tcp, udp } from '../../src/wire/build.ts';
import { exchange, stackGuest, StackNic } from './stack-guest.ts';
import { EVERYBODY, GATEWAY_MAC, hello, IP, MAC, WireNic } from './wire-guests.ts';

describe('limits of a guest', () => {
  const servers: Server[] = [];
  let network: GuestNetwork | null = null;

  afterEach(async () => {
    await network?.close();
    for (const server of servers.splice(0)) server.close();
  });

  it('hold for its connections: one more is refused, and possible again when one has ended', async () => {
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
