/**
 * What connlimit counts: a connection when it begins, and not again; none that has ended. Packets that belong to a known
 * connection while none of the network is left on the list have nothing to be counted by, and are dropped.
 */
import { TcpConversation, TimeLine, swapped, type Peer } from '../../flow.ts';
import { icmp, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
/** Longer than a tick, in which a list is looked through once. */
const TICK = 0.02;

for (const [client, server] of [
  ['10.0.0.2', '198.51.100.7'],
  ['fd00:a::2', '2001:db8:9::7'],
] as const) {
  const ends = { from: client, to: server };
  const open = (port: number): TcpConversation => {
    const near: Peer = { ends, port, peerPort: 80 };
    const far: Peer = { ends: swapped(ends), port: 80, peerPort: port };
    return new TcpConversation(
      near,
      (p) => line.inside(p).wait(TICK),
      far,
      (p) => line.outside(p).wait(TICK),
    );
  };
  const first = open(1001).handshake().client('PA', text('one'));
  const second = open(1002).handshake().client('PA', text('two'));
  line.inside(udp(ends, 1003, 53, text('three'))).wait(TICK);
  line.inside(udp(ends, 1003, 53, text('three again'))).wait(TICK);
  first.server('R');
  second.client('PA', text('still there')).server('FA').client('FA').server('A');
  second.client('A');
  // About a connection that is known, whose own packets are not asked by that rule.
  const quoted = udp(ends, 1003, 53, text('three'));
  line
    .outside(
      icmp(swapped(ends), client.includes(':') ? 1 : 3, client.includes(':') ? 4 : 3, [
        0,
        0,
        0,
        0,
        ...quoted,
      ]),
    )
    .wait(TICK);
  open(1004).handshake().client('R').client('A');
}

export const steps = line.steps;
