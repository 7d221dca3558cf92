/** `node:net`, HTTP and web streams over simulated hosts behave as programs written for Node expect. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { HostClock, Network, type NetworkHost } from '../../src/node/index.ts';
import { webStreams } from '../../src/stack/tcp/web-streams.ts';

const networks: Network[] = [];

afterEach(() => {
  for (const network of networks.splice(0)) network.stop();
});

function pair(netem = 'delay 5ms'): { network: Network; client: NetworkHost; server: NetworkHost } {
  const network = new Network({ seed: 3, hosts: { 'shop.example': '10.0.0.2' } });
  networks.push(network);
  const client = network.host('10.0.0.1/24', 'fd00::1/64');
  const server = network.host('10.0.0.2/24', 'fd00::2/64');
  network.link(client, server, netem);
  return { network, client, server };
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('node: net', () => {
  it('echoes a stream through createServer and connect, and both ends see the other close', async () => {
    const { client, server } = pair();
    const listening = server.net.createServer((socket) => socket.pipe(socket)).listen(7);
    await once(listening, 'listening');
    const socket = client.net.connect(7, '10.0.0.2');
    await once(socket, 'connect');
    assert.equal(socket.remoteAddress, '10.0.0.2');
    assert.equal(socket.remotePort, 7);
    assert.equal(socket.remoteFamily, 'IPv4');
    assert.equal(socket.localAddress, '10.0.0.1');
    socket.end('hello, '.repeat(50_000));
    assert.equal(await collect(socket), 'hello, '.repeat(50_000));
    assert.equal(socket.bytesRead, 350_000);
    assert.equal(socket.bytesWritten, 350_000);
    listening.close();
    await once(listening, 'close');
  });

  it('connects by IPv6 and by names', async () => {
    const { client, server } = pair();
    server.net.createServer((socket) => socket.end(`you are ${socket.remoteAddress}`)).listen(13);
    assert.equal(await collect(client.net.connect({ port: 13, host: 'fd00::2' })), 'you are fd00::1');
    assert.equal(await collect(client.net.connect(13, 'shop.example')), 'you are 10.0.0.1');
  });

  it('tells errors as Node does', async () => {
    const { client, server } = pair();
    const refused = client.net.connect(81, '10.0.0.2');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.message, 'connect ECONNREFUSED 10.0.0.2:81');
    assert.deepEqual([error.code, error.syscall, error.errno], ['ECONNREFUSED', 'connect', -111]);
    const [unknown] = (await once(client.net.connect(80, 'no.such.host'), 'error')) as [
      NodeJS.ErrnoException,
    ];
    assert.equal(unknown.code, 'ENOTFOUND');
    const first = server.net.createServer().listen(80);
    await once(first, 'listening');
    const [used] = (await once(server.net.createServer().listen(80), 'error')) as [NodeJS.ErrnoException];
    assert.equal(used.code, 'EADDRINUSE');
    assert.throws(() => server.net.createServer().listen(70_000), { code: 'ERR_SOCKET_BAD_PORT' });
  });

  it('tells of a reset', async () => {
    const { client, server } = pair();
    server.net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy())).listen(80);
    const socket = client.net.connect(80, '10.0.0.2');
    socket.write('x');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(await closed, true, 'it closed with an error');
  });

  it('stops reading the network when nobody reads the stream', async () => {
    const { client, server, network } = pair();
    let written = 0;
    server.net
      .createServer((socket) => {
        const chunk = Buffer.alloc(10_000);
        const more = () => {
          while (written < 10_000_000) {
            written += chunk.length;
            if (!socket.write(chunk)) return void socket.once('drain', more);
          }
          socket.end();
        };
        more();
      })
      .listen(80);
    const socket = client.net.connect(80, '10.0.0.2');
    await once(socket, 'connect');
    await new Promise<void>((resolve) => network.clock.at(network.clock.now + 2_000_000, resolve));
    assert.ok(written < 2_000_000, `${written} bytes were written`);
    let got = 0;
    for await (const chunk of socket) got += (chunk as Buffer).length;
    assert.equal(got, 10_000_000);
  });

  it('times an idle socket out in the time of the network', async () => {
    const { client, server, network } = pair();
    server.net.createServer(() => {}).listen(80);
    const socket = client.net.connect(80, '10.0.0.2');
    await once(socket, 'connect');
    const start = network.clock.now;
    socket.setTimeout(90_000);
    await once(socket, 'timeout');
    assert.equal(network.clock.now - start, 90_000_000);
    socket.destroy();
  });

  it('keeps to maxConnections and counts connections', async () => {
    const { client, server } = pair();
    const listening = server.net.createServer(() => {}).listen(80);
    listening.maxConnections = 1;
    const first = client.net.connect(80, '10.0.0.2');
    await once(first, 'connect');
    const second = client.net.connect(80, '10.0.0.2');
    second.on('error', () => {});
    const closed = new Promise((resolve) => second.once('close', resolve));
    await once(listening, 'drop');
    await closed;
    const count = await new Promise((resolve) => listening.getConnections((_error, n) => resolve(n)));
    assert.equal(count, 1);
    first.destroy();
  });

  it('follows the clock of the machine when asked to', async () => {
    const network = new Network({ clock: new HostClock() });
    networks.push(network);
    const [client, server] = [network.host('10.0.0.1/24'), network.host('10.0.0.2/24')];
    network.link(client, server, 'delay 1ms');
    server.net.createServer((socket) => socket.end('now')).listen(80);
    assert.equal(await collect(client.net.connect(80, '10.0.0.2')), 'now');
  });
});

describe('node: http over simulated hosts', () => {
  it('serves requests on a kept-alive connection over a link that loses', async () => {
    const { client, server } = pair('delay 20ms loss 5%');
    const site = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () =>
        response.end(`${request.method} ${request.url} ${Buffer.concat(chunks).length}`),
      );
    });
    server.net.serve(site, 80);
    const agent = client.net.agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number>();
    for (let i = 0; i < 5; i++) {
      const request = http.request({ host: 'shop.example', path: `/${i}`, method: 'POST', agent });
      request.end(Buffer.alloc(30_000));
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      ports.add(response.socket.localPort!);
      assert.equal(await collect(response), `POST /${i} 30000`);
    }
    assert.equal(ports.size, 1);
    agent.destroy();
  });

  it('runs the example, the same every time', () => {
    const script = fileURLToPath(new URL('../../examples/http-over-lossy-link/http.ts', import.meta.url));
    const run = () => execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' });
    const output = run();
    assert.match(output, /^200 OK, 70000 bytes in \d+ ms\n\d+ frames from the server, \d+ of them lost\n$/);
    assert.equal(run(), output);
  });
});

describe('tcp: web streams', () => {
  it('carry a stream both ways and end', async () => {
    const { client, server } = pair();
    const echo = server.net
      .createServer({ allowHalfOpen: true }, (socket) => void pipeline(socket, socket))
      .listen(7);
    await once(echo, 'listening');
    const remote = Int32Array.of(0x0a000002, 0, 0, 0);
    const { readable, writable, opened, closed } = webStreams(
      client.net.tcp.connect({ family: 4, remote, remotePort: 7 }),
    );
    await opened;
    const writer = writable.getWriter();
    const send = async () => {
      for (let i = 0; i < 100; i++) await writer.write(new Uint8Array(5000).fill(i));
      await writer.close();
    };
    const sending = send();
    let got = 0;
    for await (const chunk of readable) got += chunk.length;
    await sending;
    assert.equal(got, 500_000);
    await closed;
  });

  it('say why they could not be opened', async () => {
    const { client } = pair();
    const remote = Int32Array.of(0x0a000002, 0, 0, 0);
    const { opened, readable } = webStreams(client.net.tcp.connect({ family: 4, remote, remotePort: 7 }));
    await assert.rejects(opened, { code: 'ECONNREFUSED' });
    await assert.rejects(readable.getReader().read(), { code: 'ECONNREFUSED' });
  });
});
