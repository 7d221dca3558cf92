/** Two hundred rules that only count, one for every match and its options, before packets of many kinds. */
import { SYN_OPTIONS, TcpConversation, TimeLine, swapped } from '../../flow.ts';
import { echo, icmp, tcp, text, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
for (const ends of [
  { from: '10.0.0.2', to: '198.51.100.7' },
  { from: 'fd00:a::2', to: '2001:db8:9::7' },
]) {
  const v4 = ends.from === '10.0.0.2';
  const back = swapped(ends);
  for (const [port, peerPort] of [
    [4000, 80],
    [4500, 443],
    [4001, 8080],
  ] as const) {
    new TcpConversation(
      { ends, port, peerPort },
      (p) => line.inside(p),
      { ends: back, port: peerPort, peerPort: port },
      (p) => line.outside(p),
    )
      .handshake(SYN_OPTIONS)
      .client('PA', text('a needle in hay'))
      .server('PA', text('more NeEdLe'), {}, { tos: 0x10 })
      .client('A', [], {}, { tos: 0xb8 })
      .close();
  }
  for (const tos of [0x00, 0x10, 0x12, 0x28, 0xb8, 0xff])
    line.inside(udp(ends, 53, 53, text('tos'), { tos }));
  for (const ttl of [2, 9, 11, 61, 65, 255]) line.inside(udp(ends, 123, 5000, text('ttl'), { ttl }));
  for (const size of [0, 1, 12, 31, 32, 33, 71, 72, 73, 500])
    line.inside(udp(ends, 5, 6, text('s'.repeat(size))));
  for (const at of [0, 4, 11, 12, 13, 16, 20, 22, 23, 30, 33]) {
    line.inside(udp(ends, 7, 8, text(`${'.'.repeat(at)}needle`)));
  }
  line.inside(udp(ends, 7, 99, text('untracked')));
  line.outside(udp(back, 53, 53, text('answer')));
  line.outside(udp(back, 1, 1, text('from outside')));
  for (const flags of ['', 'FPU', 'S', 'SA', 'R', 'A', 'FSRPAU']) {
    line.inside(tcp(ends, { sport: 100, dport: 22, seq: 1, flags, options: [1, 1, 1, 0] }));
  }
  line.inside(tcp(ends, { sport: 101, dport: 22, seq: 1, flags: 'S', options: [5, 0, 2, 4] }));
  line.inside(echo(ends, false, 1, 1, text('ping')));
  line.outside(echo(back, true, 1, 1, text('ping')));
  line.outside(icmp(back, v4 ? 3 : 1, v4 ? 3 : 4, [...u32(0), ...udp(ends, 5, 6, text('s'))]));
  line.outside(icmp(back, v4 ? 3 : 1, v4 ? 1 : 0, [...u32(0), ...udp(ends, 50, 60, text('s'))]));
}

export const steps = line.steps;
