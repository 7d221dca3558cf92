/**
 * Matches that remember: lists of recent addresses (counting hits, looking back, reaping, removing, more addresses than
 * a list holds) and rates, with waits in between that stay well clear of the limits.
 */
import { TimeLine } from '../../flow.ts';
import { tcp, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const families = [
  { host: (n: number) => `10.0.0.${n}`, far: (n: number) => `10.9.${n >> 8}.${n & 255}`, to: '198.51.100.7' },
  {
    host: (n: number) => `fd00:a::${n}`,
    far: (n: number) => `fd00:b:0:${n >> 8}::${n & 255}`,
    to: '2001:db8:9::7',
  },
];

function round(port: number, ttl = 64): void {
  for (const { host, to } of families) {
    for (const n of [2, 3, 2]) line.inside(udp({ from: host(n), to }, 1000, port, [], { ttl }));
  }
}

function ssh(): void {
  for (const { host, to } of families) {
    for (let i = 0; i < 3; i++) {
      line.inside(tcp({ from: host(2), to }, { sport: 1000 + i, dport: 22, seq: 1, flags: 'S' }));
    }
  }
}

round(7);
round(20);
round(21);
round(21, 63);
ssh();
round(30);
line.wait(1.5);
round(7);
ssh();
for (const { host, to } of families) line.inside(udp({ from: host(3), to }, 1000, 30, []));
round(31);
round(32);
round(22);
round(21);
round(40);
line.wait(1.4);
round(7);
round(9);
round(10);
round(11);
ssh();
round(31);
round(32);
for (let i = 0; i < 12; i++) round(40);
// More addresses than a list holds: the one not seen for longest goes. The second pass finds what is left.
for (const pass of [0, 1]) {
  for (const { far, to } of families) {
    for (let n = 1; n <= 130; n += 1 + pass) line.inside(udp({ from: far(n * 3), to }, 1000, 7, []));
  }
  round(7);
}
line.wait(2.6);
round(7);
ssh();
round(31);
round(32);
round(40);

export const steps = line.steps;
