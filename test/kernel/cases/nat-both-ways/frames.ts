/**
 * Flows both ways through every kind of translation: what comes back, ICMP errors about what was sent (also about
 * fragments of it, and errors about errors), and fragments of requests and answers.
 */
import { fragments, icmp, tcp, text, u16, udp, type Ends } from '../../../../src/conform/frames.ts';
import { swapped, TimeLine } from '../../flow.ts';

const line = new TimeLine();
const BIG = text('x'.repeat(2000));
const SERVER = '198.51.100.7';
const ROUTER = '198.51.100.254';

/** Port unreachable, need to fragment, time exceeded, about a packet of a station's. */
const errors = (reporter: string, about: readonly number[], send: (packet: number[]) => unknown): void => {
  const source = about.slice(12, 16).join('.');
  for (const [type, code, word] of [
    [3, 3, [0, 0, 0, 0]],
    [3, 4, [0, 0, ...u16(1400)]],
    [11, 0, [0, 0, 0, 0]],
  ] as const) {
    send(icmp({ from: reporter, to: source }, type, code, [...word, ...about.slice(0, 28)]));
    send(icmp({ from: reporter, to: source }, type, code, [...word, ...about]));
  }
};

/** A request from inside as both sides see it, its answer, errors about both, both again in fragments. */
function outward(seenInside: Ends, seenOutside: Ends, port: number, outsidePort: number): void {
  const [request, asSent] = [seenInside, seenOutside].map((ends, i) =>
    udp(ends, i === 0 ? port : outsidePort, 53, text('request'), { ttl: i === 0 ? 64 : 63 }),
  );
  const answer = udp(swapped(seenOutside), 53, outsidePort, text('answer'));
  const asDelivered = udp(swapped(seenInside), 53, port, text('answer'), { ttl: 63 });
  line.inside(request!).outside(answer);
  errors(ROUTER, asSent!, (packet) => line.outside(packet));
  errors('10.0.0.2', asDelivered, (packet) => line.inside(packet));
  for (const piece of fragments(udp(seenInside, port, 53, BIG, { id: port }), 800)) line.inside(piece);
  for (const piece of fragments(udp(swapped(seenOutside), 53, outsidePort, BIG, { id: port }), 800))
    line.outside(piece);
  // An error about a fragment: only the first says which connection it is of.
  for (const piece of fragments(udp(seenOutside, outsidePort, 53, BIG, { id: port, ttl: 63 }), 800)) {
    line.outside(icmp({ from: ROUTER, to: seenOutside.from }, 11, 1, [0, 0, 0, 0, ...piece.slice(0, 28)]));
  }
}

const masqueraded = { from: '203.0.113.1', to: SERVER };
outward({ from: '10.0.0.2', to: SERVER }, masqueraded, 3001, 3001);
outward({ from: '10.0.0.3', to: SERVER }, { from: '203.0.113.10', to: SERVER }, 3002, 3002);
outward({ from: '10.0.0.20', to: SERVER }, { from: '203.0.113.148', to: SERVER }, 3003, 3003);
outward({ from: '10.0.0.2', to: '192.0.2.80' }, { from: '203.0.113.1', to: '198.51.100.80' }, 3004, 3004);
// TCP: a reset from outside about the translated port, then what comes after it.
const out = { from: '10.0.0.2', to: SERVER };
line.inside(tcp(out, { sport: 4000, dport: 80, seq: 1, flags: 'S' }));
line.outside(tcp(swapped(masqueraded), { sport: 80, dport: 4000, seq: 9, ack: 2, flags: 'RA' }));
line.outside(tcp(swapped(masqueraded), { sport: 80, dport: 4000, seq: 10, ack: 2, flags: 'A' }));
// Hairpin: from inside to the gateway's own address, to a station inside; its answer comes from inside, too.
line.inside(udp({ from: '10.0.0.2', to: '203.0.113.1' }, 5000, 500, text('to myself')));
line.inside(udp({ from: '10.0.0.3', to: '10.0.0.1' }, 500, 5000, text('answer')));
// From outside to a forwarded port, its errors from inside and from outside.
const inward = udp({ from: SERVER, to: '203.0.113.1' }, 6000, 500, text('in'), { ttl: 64 });
line.outside(inward);
errors('10.0.0.3', udp({ from: SERVER, to: '10.0.0.3' }, 6000, 500, text('in'), { ttl: 63 }), (packet) =>
  line.inside(packet),
);
line.inside(udp({ from: '10.0.0.3', to: SERVER }, 500, 6000, text('out')));
errors(ROUTER, udp({ from: '203.0.113.1', to: SERVER }, 500, 6000, text('out'), { ttl: 63 }), (packet) =>
  line.outside(packet),
);
// To the gateway itself by REDIRECT: its closed port answers through the translation.
line.inside(udp({ from: '10.0.0.2', to: SERVER }, 7000, 3128, text('redirected')));
for (const piece of fragments(udp({ from: '10.0.0.2', to: SERVER }, 7001, 3128, BIG, { id: 77 }), 800))
  line.inside(piece);

export const steps = line.steps;
