/** `node:dgram` over simulated hosts: bind, connect, errors, broadcast, groups, fragments, limits. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Network, type NetworkHost, type RemoteInfo } from '../../src/node/index.ts';

const networks: Network[] = [];

afterEach(() => {
  for (const network of networks.splice(0)) network.stop();
});

function pair(): { network: Network; a: NetworkHost; b: NetworkHost } {
  const network = new Network({ seed: 3 });
  networks.push(network);
  const a = network.host('10.0.0.1/24', 'fd00::1/64');
  const b = network.host('10.0.0.2/24', 'fd00::2/64');
  network.link(a, b, 'delay 1ms');
  return { network, a, b };
}

describe('node: dgram', () => {
  it('sends and answers', async () => {
    const { a, b } = pair();
    const server = b.dgram.createSocket('udp4');
    server.on('message', (message: Buffer, from: RemoteInfo) =>
      server.send(`got ${message}`, from.port, from.address),
    );
    server.bind(53);
    await once(server, 'listening');
    const client = a.dgram.createSocket('udp4');
    client.send('hello', 53, '10.0.0.2');
    const [message, from] = (await once(client, 'message')) as [Buffer, RemoteInfo];
    assert.equal(message.toString(), 'got hello');
    assert.deepEqual(from, { address: '10.0.0.2', family: 'IPv4', port: 53, size: 9 });
  });

  it('sends datagrams larger than the link takes, IPv4 and IPv6', async () => {
    const { a, b } = pair();
    for (const [type, address] of [
      ['udp4', '10.0.0.2'],
      ['udp6', 'fd00::2'],
    ] as const) {
      const server = b.dgram.createSocket(type).bind(9000);
      const client = a.dgram.createSocket(type);
      client.send(Buffer.alloc(20_000, 7), 9000, address);
      const [message] = (await once(server, 'message')) as [Buffer];
      assert.equal(message.length, 20_000);
      assert.ok(message.every((byte) => byte === 7));
    }
  });

  it('tells a connected socket that nobody listens', async () => {
    const { a } = pair();
    const client = a.dgram.createSocket('udp4');
    client.connect(9, '10.0.0.2');
    client.send('anybody?');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  it('receives only from its peer when it is connected', async () => {
    const { a, b } = pair();
    const client = a.dgram.createSocket('udp4').bind(1000);
    client.connect(2000, '10.0.0.2');
    const got: string[] = [];
    client.on('message', (message: Buffer) => got.push(message.toString()));
    b.dgram.createSocket('udp4').bind(3000).send('stranger', 1000, '10.0.0.1');
    b.dgram.createSocket('udp4').bind(2000).send('peer', 1000, '10.0.0.1');
    await once(client, 'message');
    assert.deepEqual(got, ['peer']);
  });

  it('sends to all only with setBroadcast', async () => {
    const { a, b } = pair();
    const server = b.dgram.createSocket('udp4').bind(67);
    const client = a.dgram.createSocket('udp4');
    const refused = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
      client.send('x', 67, '10.0.0.255', (error: Error | null) => resolve(error)),
    );
    assert.equal(refused!.code, 'EACCES');
    client.setBroadcast(true);
    client.send('to all', 67, '10.0.0.255');
    const [message] = (await once(server, 'message')) as [Buffer];
    assert.equal(message.toString(), 'to all');
  });

  it('receives groups that it has joined, and no others', async () => {
    const { a, b } = pair();
    const got: string[] = [];
    const server = b.dgram.createSocket('udp4').bind(5353);
    server.on('message', (message: Buffer) => got.push(message.toString()));
    server.addMembership('224.0.0.251', '10.0.0.2');
    const client = a.dgram.createSocket('udp4');
    client.setMulticastInterface('10.0.0.1');
    client.send('other', 5353, '224.0.0.252');
    client.send('joined', 5353, '224.0.0.251');
    await once(server, 'message');
    assert.deepEqual(got, ['joined']);
    assert.throws(() => server.addMembership('224.0.0.251', '10.0.0.2'), { code: 'EADDRINUSE' });
    server.dropMembership('224.0.0.251', '10.0.0.2');
  });

  it('receives what comes to groups that others of its host are in, unless multicastAll is off', async () => {
    const { a, b, network } = pair();
    const open = (multicastAll: boolean) => {
      const socket = b.dgram.udp.open({ family: 4, port: 5353, reuseAddress: true });
      socket.multicastAll = multicastAll;
      return socket;
    };
    const [open5353, strict] = [open(true), open(false)];
    const member = b.dgram.udp.open({ family: 4, port: 6000 });
    member.join(Int32Array.of(0xe00000fb | 0, 0, 0, 0), b.host.devices.named('eth0')!.index);
    const client = a.dgram.createSocket('udp4');
    client.setMulticastInterface('10.0.0.1');
    client.send('to others', 5353, '224.0.0.251');
    await new Promise<void>((resolve) => network.clock.at(network.clock.now + 10_000, resolve));
    assert.equal(open5353.received.count, 1);
    assert.equal(strict.received.count, 0);
  });

  it('refuses a port in use and datagrams that are too long', async () => {
    const { a } = pair();
    const first = a.dgram.createSocket('udp4').bind(53);
    await once(first, 'listening');
    const [error] = (await once(a.dgram.createSocket('udp4').bind(53), 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'EADDRINUSE');
    const tooLong = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
      first.send(Buffer.alloc(65_508), 53, '10.0.0.2', (e: Error | null) => resolve(e)),
    );
    assert.equal(tooLong!.code, 'EMSGSIZE');
  });

  it('drops what the receive buffer has no room for', async () => {
    const { a, b, network } = pair();
    const socket = b.dgram.udp.open({ family: 4, port: 9 });
    socket.received.limit = 10_000;
    const client = a.dgram.createSocket('udp4');
    for (let i = 0; i < 100; i++) client.send(Buffer.alloc(1000), 9, '10.0.0.2');
    await new Promise<void>((resolve) => network.clock.at(network.clock.now + 10_000, resolve));
    assert.ok(socket.received.count > 3 && socket.received.count < 10);
    assert.equal(socket.received.count + socket.received.dropped, 100);
  });

  it('shares a port among sockets that all allow it; each gets what is sent to the group', async () => {
    const { a, b } = pair();
    const sockets = [1, 2].map(() => b.dgram.createSocket({ type: 'udp4', reuseAddr: true }).bind(5000));
    for (const socket of sockets) socket.addMembership('239.1.2.3', '10.0.0.2');
    const got = Promise.all(sockets.map((socket) => once(socket, 'message')));
    const client = a.dgram.createSocket('udp4');
    client.setMulticastInterface('10.0.0.1');
    client.send('all', 5000, '239.1.2.3');
    assert.equal((await got).length, 2);
  });
});
