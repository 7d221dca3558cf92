/**
 * Node's own HTTP server and client, unchanged, over a simulated link of 40 ms that loses every tenth packet.
 *
 *     npx tsx examples/http-over-lossy-link/http.ts
 *
 * Time is virtual: seconds of network are over in a moment, and every run is the same.
 */
import http from 'node:http';
import { Network } from '../../src/node/index.ts';

const network = new Network({ seed: 7 });
const [client, server] = [network.host('10.0.0.1/24'), network.host('10.0.0.2/24')];
const link = network.link(client, server, 'delay 40ms 5ms loss 10%');

const site = http.createServer((request, response) => response.end(`${request.url} `.repeat(10_000)));
const listening = server.net.serve(site, 80);
const start = network.clock.now;

http.get('http://10.0.0.2/hello', { agent: client.net.agent() }, (response) => {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => (bytes += chunk.length));
  response.on('end', () => {
    const { frames, lost } = link.counters.bToA;
    const ms = Math.round((network.clock.now - start) / 1000);
    console.log(`${response.statusCode} ${response.statusMessage}, ${bytes} bytes in ${ms} ms`);
    console.log(`${frames} frames from the server, ${lost} of them lost`);
    listening.close();
  });
});
