/** What a guest reaches of the world, and what it does not; the guest is a stack of ours, the world this machine's sockets. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { parseRestore } from '../../src/netfilter/syntax/restore.ts';
import { GuestNetwork } from '../../src/vmm/machine-network.ts';
import { ask, exchange, stackGuest, StackNic, type StackGuest } from './stack-guest.ts';

const MACHINE = { 4: '100.64.0.2', 6: 'fd53:6c75:6963:6500::2' } as const;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, done));
  return (server.address() as AddressInfo).port;
}

describe('a guest network', () => {
  let network: GuestNetwork;
  let guest: StackGuest;
  const servers: Server[] = [];

  const serve = (server: Server) => {
    servers.push(server);
    return listening(server);
  };

  beforeEach(async () => {
    const nic = new StackNic();
    network = new GuestNetwork({
      addresses: ['192.168.122.1/24', 'fd00:122::1/64'],
      guests: [{ name: 'web', nic }],
      seed: 1,
    });
    await network.start();
    guest = stackGuest(
      network,
      nic,
      ['192.168.122.5/24', 'fd00:122::5/64'],
      ['192.168.122.1', 'fd00:122::1'],
    );
  });

  afterEach(async () => {
    await network.close();
    for (const server of servers.splice(0)) server.close();
  });

  for (const family of [4, 6] as const) {
    it(`lets a guest fetch a page from this machine over IPv${family}`, async () => {
      const port = await serve(
        createHttpServer((request, response) => response.end(`you asked for ${request.url}`)),
      );
      const request = Buffer.from('GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
      const { received, error } = await exchange(network, guest, MACHINE[family], port, request);
      assert.equal(error, null);
      assert.match(received.toString(), /^HTTP\/1.1 200 OK[^]*you asked for \/x$/);
    });
  }

  it('carries megabytes both ways at once, unharmed', async () => {
    const upload = randomBytes(8_000_000);
    const download = randomBytes(9_000_000);
    let isUploaded: (sum: string) => void = () => {};
    const uploaded = new Promise<string>((done) => (isUploaded = done));
    const port = await serve(
      createServer({ allowHalfOpen: true }, (socket) => {
        const hash = createHash('sha256');
        socket.on('data', (chunk) => hash.update(chunk));
        socket.on('end', () => isUploaded(hash.digest('hex')));
        socket.end(download);
      }),
    );
    const { received, error } = await exchange(network, guest, MACHINE[4], port, upload);
    assert.equal(error, null);
    assert.equal(received.equals(download), true);
    assert.equal(await uploaded, createHash('sha256').update(upload).digest('hex'));
  });

  for (const family of [4, 6] as const) {
    it(`carries datagrams and their answers over IPv${family}, large ones in fragments`, async () => {
      const server = createSocket(family === 4 ? 'udp4' : 'udp6');
      server.on('message', (message, { port, address }) => server.send(message.reverse(), port, address));
      await new Promise<void>((done) => server.bind(0, done));
      try {
        for (const size of [1, 1400, 8000]) {
          const request = randomBytes(size);
          const answer = await ask(network, guest, MACHINE[family], server.address().port, request);
          assert.equal(
            Buffer.from(request)
              .reverse()
              .equals(answer as Buffer),
            true,
            `${size} bytes`,
          );
        }
      } finally {
        server.close();
      }
    });
  }

  it('keeps a direction open that only the other side has closed', async () => {
    const port = await serve(
      createServer({ allowHalfOpen: true }, (socket) => {
        const chunks: Buffer[] = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.on('end', () => socket.end(Buffer.concat(chunks).reverse()));
      }),
    );
    const { received } = await exchange(network, guest, MACHINE[4], port, Buffer.from('abc'));
    assert.equal(received.toString(), 'cba');
  });

  it('passes a refusal on as a reset', async () => {
    const server = createServer();
    const closed = await listening(server);
    await new Promise((done) => server.close(done));
    const { error } = await exchange(network, guest, MACHINE[4], closed, Buffer.alloc(0));
    assert.equal(error, 'ECONNREFUSED');
  });

  it('shows a guest the reset of a server that goes away', async () => {
    const port = await serve(
      createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
    );
    const { error } = await exchange(network, guest, MACHINE[4], port, Buffer.from('hello'));
    assert.equal(error, 'ECONNRESET');
  });

  it("leads to none of this machine's own addresses, nor to what belongs to a link", async () => {
    const port = await serve(createServer((socket) => socket.end('not for guests')));
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list!)
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
      .map(({ address }) => address);
    for (const address of [...own, '169.254.169.254']) {
      const { received, error } = await exchange(network, guest, address, port, Buffer.alloc(0));
      assert.equal(received.length, 0);
      assert.notEqual(error, null, address);
    }
  });

  it('refuses a network that has no room for guests', () => {
    for (const address of ['10.0.0.1', '10.0.0.1/31', 'fd00::1/128']) {
      assert.throws(() => new GuestNetwork({ addresses: [address], guests: [] }), {
        code: 'NETWORK',
        message: `"${address}" is no address with a prefix length that leaves room for guests`,
      });
    }
  });

  it('does what the rules of the gateway say', async () => {
    const port = await serve(createServer((socket) => socket.end('hello')));
    network.gateway.load(
      parseRestore(
        `*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -i lan -p tcp --dport ${port} -j REJECT --reject-with tcp-reset\nCOMMIT\n`,
        { family: 4 },
      ),
    );
    const refused = await exchange(network, guest, MACHINE[4], port, Buffer.alloc(0));
    assert.equal(refused.error, 'ECONNREFUSED');
    const allowed = await exchange(network, guest, MACHINE[6], port, Buffer.alloc(0));
    assert.equal(allowed.received.toString(), 'hello');
  });
});
