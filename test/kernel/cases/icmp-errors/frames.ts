/** ICMP errors about translated connections, from both sides, whole and cut; and errors about nothing we know. */
import { TimeLine } from '../../flow.ts';
import { echo, icmp, tcp, text, u16, u32, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const ROUTER = '198.51.100.1';
const SERVER = '198.51.100.7';
const PUBLIC = '203.0.113.1';
const outward = { from: '10.0.0.2', to: SERVER };
const seen = { from: PUBLIC, to: SERVER };
const error = { from: ROUTER, to: PUBLIC };

const datagram = text('a datagram that is longer than eight bytes');
line.inside(udp(outward, 4000, 53, datagram));
line.inside(tcp(outward, { sport: 4001, dport: 443, seq: 77, flags: 'S' }));
line.inside(echo(outward, false, 8, 1, datagram));
for (const offender of [
  udp(seen, 4000, 53, datagram, { ttl: 60 }),
  tcp(seen, { sport: 4001, dport: 443, seq: 77, flags: 'S' }, { ttl: 60 }),
  echo(seen, false, 8, 1, datagram),
]) {
  for (const [type, code] of [
    [3, 1],
    [3, 3],
    [11, 0],
    [12, 0],
    [4, 0],
    [5, 1],
  ] as const) {
    line.outside(icmp(error, type, code, [...u32(0), ...offender]));
  }
  line.outside(icmp(error, 3, 4, [...u16(0), ...u16(1400), ...offender.slice(0, 28)]));
  line.outside(icmp(error, 3, 3, [...u32(0), ...offender.slice(0, 24)]));
}
// The inside complains about what came by DNAT.
line.outside(tcp({ from: SERVER, to: PUBLIC }, { sport: 6000, dport: 80, seq: 5, flags: 'S' }));
const forwarded = tcp(
  { from: SERVER, to: '10.0.0.2' },
  { sport: 6000, dport: 8080, seq: 5, flags: 'S' },
  { ttl: 63 },
);
line.inside(icmp({ from: '10.0.0.2', to: SERVER }, 3, 3, [...u32(0), ...forwarded]));
line.inside(icmp({ from: '10.0.0.2', to: SERVER }, 3, 13, [...u32(0), ...forwarded.slice(0, 28)]));
// Nothing of ours.
line.outside(icmp(error, 3, 3, [...u32(0), ...udp(seen, 4999, 53, datagram)]));
line.inside(
  icmp({ from: '10.0.0.2', to: SERVER }, 3, 3, [
    ...u32(0),
    ...udp({ from: SERVER, to: '10.0.0.2' }, 1, 2, []),
  ]),
);
line.outside(icmp(error, 3, 3, [...u32(0), ...icmp(seen, 3, 3, [...u32(0), ...udp(seen, 1, 2, [])])]));
line.outside(icmp(error, 3, 3, u32(0)));
// An error whose own checksum is wrong.
const broken = icmp(error, 3, 3, [...u32(0), ...udp(seen, 4000, 53, datagram)]);
broken[22]! ^= 1;
line.outside(broken);
// A packet that dies here, before and after translation.
line.inside(udp(outward, 4000, 53, datagram, { ttl: 1 }));
line.outside(udp({ from: SERVER, to: PUBLIC }, 53, 4000, datagram, { ttl: 1 }));

const outward6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };
const seen6 = { from: '2001:db8:1::1', to: '2001:db8:9::7' };
const error6 = { from: '2001:db8:9::1', to: '2001:db8:1::1' };
line.inside(udp(outward6, 4000, 53, datagram));
line.inside(tcp(outward6, { sport: 4001, dport: 443, seq: 77, flags: 'S' }));
line.inside(echo(outward6, false, 8, 1, datagram));
for (const offender of [
  udp(seen6, 4000, 53, datagram, { ttl: 60 }),
  tcp(seen6, { sport: 4001, dport: 443, seq: 77, flags: 'S' }, { ttl: 60 }),
  echo(seen6, false, 8, 1, datagram),
]) {
  for (const [type, code] of [
    [1, 4],
    [3, 0],
    [4, 1],
  ] as const) {
    line.outside(icmp(error6, type, code, [...u32(0), ...offender]));
  }
  line.outside(icmp(error6, 2, 0, [...u32(1280), ...offender]));
}
line.outside(icmp(error6, 1, 4, [...u32(0), ...udp(seen6, 4999, 53, datagram)]));
line.inside(udp(outward6, 4000, 53, datagram, { ttl: 1 }));

export const steps = line.steps;
