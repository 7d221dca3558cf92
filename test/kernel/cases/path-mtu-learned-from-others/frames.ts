/**
 * "Packet too big" told to the gateway about something that it is said to have sent, of every protocol: what the gateway then
 * forwards to that host, whole or in fragments, and answers to its echo requests.
 */
import { TimeLine } from '../../flow.ts';
import {
  echo,
  fragments,
  icmp,
  packet,
  tcp,
  udp,
  u16,
  u32,
  type Bytes,
} from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const payload = (length: number): number[] => Array.from({ length }, (_, i) => (i * 7) & 0xff);
const [ICMP, TCP, UDP, FRAGMENT, ESP, ICMPV6, NONE, DSTOPTS, SCTP] = [1, 6, 17, 44, 50, 58, 59, 60, 132];

interface Side {
  readonly router: string;
  readonly own: string;
  readonly inside: string;
  readonly far: (n: number) => string;
  readonly tooBig: (about: Bytes, mtu: number) => number[];
  readonly quotes: readonly (readonly [protocol: number, payload: Bytes])[];
}

const MTU = 1400;
const sides: readonly Side[] = [
  {
    router: '2001:db8:1::fe',
    own: '2001:db8:1::1',
    inside: 'fd00:a::2',
    far: (n) => `2001:db8:9::${n.toString(16)}`,
    tooBig: (about, mtu) =>
      icmp({ from: '2001:db8:1::fe', to: '2001:db8:1::1' }, 2, 0, [...u32(mtu), ...about]),
    quotes: [
      [ICMPV6, [129, 0, ...payload(60)]],
      [ICMPV6, [135, 0, ...payload(6)]],
      [TCP, payload(60)],
      [UDP, payload(60)],
      [ESP, payload(60)],
      [NONE, payload(60)],
      [SCTP, payload(60)],
      [FRAGMENT, [ICMPV6, 0, ...u16(1), ...u32(7), 129, 0, ...payload(60)]],
      [FRAGMENT, [ICMPV6, 0, ...u16(0x101), ...u32(7), 129, 0, ...payload(60)]],
      [DSTOPTS, [ICMPV6, 0, 1, 4, 0, 0, 0, 0, 129, 0, ...payload(60)]],
      [ICMPV6, [129, 0, ...payload(5)]],
    ],
  },
  {
    router: '203.0.113.254',
    own: '203.0.113.1',
    inside: '10.0.0.2',
    far: (n) => `198.51.100.${n}`,
    tooBig: (about, mtu) =>
      icmp({ from: '203.0.113.254', to: '203.0.113.1' }, 3, 4, [...u16(0), ...u16(mtu), ...about]),
    quotes: [
      [ICMP, [0, 0, ...payload(60)]],
      [ICMP, [8, 0, ...payload(60)]],
      [ICMP, [3, 3, ...payload(60)]],
      [TCP, payload(60)],
      [UDP, payload(60)],
      [ESP, payload(60)],
      [SCTP, payload(60)],
      [ICMP, [0, 0, ...payload(5)]],
    ],
  },
];

let id = 1;
for (const { own, inside, far, tooBig, quotes } of sides) {
  quotes.forEach(([protocol, bytes], n) => {
    const host = far(n + 1);
    line.outside(tooBig(packet({ from: own, to: host }, protocol, bytes), MTU));
    for (const length of [1352, 1440]) {
      line.inside(udp({ from: inside, to: host }, 4000 + n, 9, payload(length)));
      for (const size of [1296, 1448]) {
        const whole = udp({ from: inside, to: host }, 4000 + n, 9, payload(2 * length));
        for (const piece of fragments(whole, size, ++id)) line.inside(piece);
      }
      line.outside(echo({ from: host, to: own }, false, ++id, 1, payload(length)));
    }
  });
}

// What is said to be the MTU: none, less than the protocol takes or than is believed, the least, more than the link takes; and
// more than was said before, which is no news.
for (const { own, inside, far, tooBig, quotes } of sides) {
  const about = (host: string) => packet({ from: own, to: host }, ...quotes[0]!);
  [[0], [100], [551], [552], [1279], [1280], [1600], [1300, 1400], [1400, 1300], [100, 1400]].forEach(
    (told, n) => {
      const host = far(n + 50);
      for (const mtu of told) line.outside(tooBig(about(host), mtu));
      for (const length of [500, 1232, 1300, 1440]) {
        line.inside(udp({ from: inside, to: host }, 5000 + n, 9, payload(length)));
        line.inside(udp({ from: inside, to: host }, 5000 + n, 9, payload(length), { dontFragment: true }));
        line.outside(echo({ from: host, to: own }, false, ++id, 1, payload(length)));
      }
    },
  );
}

// Of a later fragment of the gateway's own echo reply.
const later = packet({ from: sides[1]!.own, to: sides[1]!.far(120) }, ICMP!, payload(60));
later[7] = 0x10;
line.outside(sides[1]!.tooBig(later, MTU));
line.outside(echo({ from: sides[1]!.far(120), to: sides[1]!.own }, false, ++id, 1, payload(1440)));

// Of a segment to a closed port: resets bear DF all the same.
for (const [i, told] of [100, 1400].entries()) {
  const [side, host] = [sides[1]!, sides[1]!.far(130 + i)];
  line.outside(side.tooBig(packet({ from: side.own, to: host }, ...side.quotes[0]!), told));
  line.outside(tcp({ from: host, to: side.own }, { sport: 7000, dport: 81, seq: 1, flags: 'S' }));
  line.outside(udp({ from: host, to: side.own }, 7000, 81, payload(900)));
}

// TCPMSS asks for the path MTU of both directions.
for (const { own, inside, far, tooBig, quotes } of sides) {
  for (const told of [0, 900, 1281, 1300]) {
    const host = far(100 + (told & 15));
    line.outside(tooBig(packet({ from: own, to: host }, ...quotes[0]!), told));
    const mss = [2, 4, ...u16(1460)];
    line.inside(
      tcp({ from: inside, to: host }, { sport: 6000, dport: 80, seq: 1, flags: 'S', options: mss }),
    );
    line.outside(
      tcp({ from: host, to: inside }, { sport: 6001, dport: 80, seq: 1, flags: 'S', options: mss }),
    );
  }
}

export const steps = line.steps;
