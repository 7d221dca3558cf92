/** The outside reaches servers inside by DNAT and NETMAP, the inside its own server by the public address. */
import { SYN_OPTIONS, TcpConversation, TimeLine } from '../../flow.ts';
import { echo, tcp, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const CLIENT = '198.51.100.7';
const PUBLIC = '203.0.113.1';

new TcpConversation(
  { ends: { from: CLIENT, to: PUBLIC }, port: 50000, peerPort: 80 },
  (p) => line.outside(p),
  { ends: { from: '10.0.0.2', to: CLIENT }, port: 8080, peerPort: 50000 },
  (p) => line.inside(p),
)
  .handshake(SYN_OPTIONS)
  .client('PA', text('GET / HTTP/1.0\r\n\r\n'))
  .server('PA', text('HTTP/1.0 200 OK\r\n\r\n'))
  .server('FA')
  .client('A')
  .client('RA');

for (const port of [4999, 5000, 5009, 5010, 5011]) {
  line.outside(udp({ from: CLIENT, to: PUBLIC }, 7000, port, text('datagram')));
  line.inside(udp({ from: '10.0.0.3', to: CLIENT }, port, 7000, text('back')));
}

line.outside(echo({ from: CLIENT, to: '203.0.113.130' }, false, 5, 1, text('ping')));
line.inside(echo({ from: '10.0.0.2', to: CLIENT }, true, 5, 1, text('ping')));
line.outside(tcp({ from: CLIENT, to: '203.0.113.131' }, { sport: 50001, dport: 22, seq: 7, flags: 'S' }));
line.inside(tcp({ from: '10.0.0.3', to: CLIENT }, { sport: 22, dport: 50001, seq: 0, ack: 8, flags: 'RA' }));

// Redirected to a port of the gateway's that nobody listens on: its RST has to look as if the server sent it.
line.inside(
  tcp(
    { from: '10.0.0.2', to: CLIENT },
    { sport: 50002, dport: 3128, seq: 9, flags: 'S', options: SYN_OPTIONS },
  ),
);

// Hairpin: client and server are neighbours, and the gateway hides that from the server.
new TcpConversation(
  { ends: { from: '10.0.0.3', to: PUBLIC }, port: 50003, peerPort: 80 },
  (p) => line.inside(p),
  { ends: { from: '10.0.0.2', to: '10.0.0.1' }, port: 8080, peerPort: 50003 },
  (p) => line.inside(p),
)
  .handshake()
  .client('PA', text('hello'))
  .server('A')
  .close();

export const steps = line.steps;
