/** Segments that connection tracking must not take for part of a connection, among those that it must. */
import { SYN_OPTIONS, TcpConversation, TimeLine } from '../../flow.ts';
import { tcp, text } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const SERVER = '198.51.100.7';
const ends = { from: '10.0.0.2', to: SERVER };
const back = { from: SERVER, to: '10.0.0.2' };
const conversation = (port: number): TcpConversation =>
  new TcpConversation(
    { ends, port, peerPort: 80 },
    (p) => line.inside(p),
    { ends: back, port: 80, peerPort: port },
    (p) => line.outside(p),
  );

// In the middle of a connection nobody saw begin, with nf_conntrack_tcp_loose 0.
conversation(3000).client('A', text('mid')).server('A').client('FA').client('R').server('SA');
// Beyond the window, behind it, and acknowledging what was never sent.
const c = conversation(3001).handshake(SYN_OPTIONS).client('PA', text('hello')).server('A');
c.client('PA', text('future'), { seq: c.clientSeq + 100_000_000 });
c.client('PA', text('past'), { seq: c.clientSeq - 100_000_000 });
c.client('A', [], { ack: c.serverSeq + 1_000_000 });
c.server('A', [], { ack: c.clientSeq - 10_000_000 });
// Resets in and out of the window.
c.server('R', [], { seq: c.serverSeq + 50_000_000 });
c.client('PA', text('still alive')).server('A');
c.server('R');
c.client('A');
// Retransmissions, a zero window, keep-alive and a challenge.
const d = conversation(3002).client('S').client('S', [], { seq: d0() }).server('SA', [], { window: 0 });
function d0(): number {
  return 1_000_000;
}
d.client('A')
  .server('A', [], { window: 1000 })
  .client('PA', text('x'.repeat(500)));
d.client('PA', text('x'.repeat(500)), { seq: d.clientSeq - 500 }).server('A');
d.client('A', [0], { seq: d.clientSeq - 1 }).server('A');
d.client('S', [], { seq: 42 }).server('A');
d.client('FA').server('A').server('FA').client('A').client('A');
// The same ports at once again: out of TIME_WAIT.
conversation(3002).client('S', [], { seq: 9_000_000 });
// Simultaneous open, and a SYN that is answered by RST.
conversation(3003).client('S').server('S').client('SA').server('SA');
conversation(3004).client('S').server('RA').client('S', [], { seq: 1_000_000 }).server('SA');
// SYN/ACK first; a wrong acknowledgement in the handshake.
conversation(3005).server('SA').client('R');
const e = conversation(3006).client('S');
e.server('SA', [], { ack: 123 }).client('R', [], { seq: 123 }).client('A');
// Impossible flags, each on a connection of its own.
['', 'SF', 'SR', 'FPU', 'FSRPAU', 'RF', 'SP', 'SU', 'SAF', 'FA', 'RA', 'P', 'U', 'SEC'].forEach(
  (flags, i) => {
    line.inside(tcp(ends, { sport: 3100 + i, dport: 80, seq: 1, flags }));
  },
);
// Broken headers: a data offset below five words, one past the end, a wrong checksum, eight bytes only.
const changed = (at: number, value: number): number[] => {
  const bytes = tcp(ends, { sport: 3200, dport: 80, seq: 1, flags: 'S' });
  bytes[at] = value;
  return bytes;
};
line.inside(changed(32, 0x40)).inside(changed(32, 0xf0)).inside(changed(36, 0)).inside(changed(33, 0));
const short = changed(32, 0x50).slice(0, 28);
short.splice(2, 2, 0, 28);
line.inside(short);

export const steps = line.steps;
