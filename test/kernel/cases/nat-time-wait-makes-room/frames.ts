/**
 * Ports run out: each rule has few, and connections in TIME_WAIT hold them. One that begins with a SYN beyond the old
 * one's numbers takes its port; no other does.
 */
import { TcpConversation, TimeLine } from '../../flow.ts';
import { tcp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const PUBLIC = '203.0.113.1';

for (const [server, masqueraded] of [
  ['198.51.100.1', 4001],
  ['198.51.100.2', 4002],
  ['198.51.100.3', 4003],
] as const) {
  const ends = { from: '10.0.0.2', to: server };
  new TcpConversation(
    { ends, port: 1000, peerPort: 80 },
    (p) => line.inside(p),
    { ends: { from: server, to: PUBLIC }, port: 80, peerPort: masqueraded },
    (p) => line.outside(p),
  )
    .handshake()
    .close();
  const begin = (sport: number, flags: string, seq: number): void => {
    line.inside(tcp(ends, { sport, dport: 80, seq, flags, ack: 7 }));
  };
  // The old one ended at 1,000,002.
  begin(1001, 'A', 2_000_000);
  begin(1002, 'S', 1_000_000);
  if (server.endsWith('3')) continue;
  begin(1003, 'S', 1_000_001);
  begin(1004, 'S', 1_000_002);
  begin(1005, 'S', 3_000_000);
}
line.inside(tcp({ from: '10.0.0.3', to: '198.51.100.3' }, { sport: 1000, dport: 80, seq: 900, flags: 'S' }));

export const steps = line.steps;
