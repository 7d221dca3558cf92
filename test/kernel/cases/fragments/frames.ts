/**
 * Fragments are put together before the rules and cut again behind them; eth1 takes 1280 bytes. Out of order, doubled,
 * overlapping and unfinished ones too, and packets too big for the way out with and without leave to cut them.
 */
import { TimeLine } from '../../flow.ts';
import { echo, fragments, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const v4 = { from: '10.0.0.2', to: '198.51.100.7' };
const v4Back = { from: '198.51.100.7', to: '203.0.113.1' };
const v6 = { from: 'fd00:a::2', to: '2001:db8:9::7' };
const v6Back = { from: '2001:db8:9::7', to: 'fd00:a::2' };
const payload = (length: number): number[] => Array.from({ length }, (_, i) => (i * 7) & 0xff);

for (const [there, back] of [
  [v4, v4Back],
  [v6, v6Back],
] as const) {
  const cut = (id: number, whole: readonly number[], size: number): number[][] => fragments(whole, size, id);
  const big = (id: number, length = 3000): number[] => udp(there, 5000, 5001, payload(length), { id });
  for (const piece of cut(1, big(1), 1400)) line.inside(piece);
  for (const piece of cut(2, udp(back, 5001, 5000, payload(2000), { id: 2 }), 1024)) line.outside(piece);
  for (const piece of cut(3, big(3), 800).reverse()) line.inside(piece);
  const [head, middle, tail] = cut(4, big(4, 2000), 800);
  line.inside(head!).inside(head!).inside(tail!).inside(middle!);
  // An overlap: the second part of another cut of the same packet, behind its first fragment; then the right one.
  const [start, end] = cut(5, big(5, 1200), 800);
  const [, other] = cut(5, big(5, 1200), 400);
  line.inside(start!).inside(other!).inside(end!);
  // Never finished.
  line.inside(cut(6, big(6), 800)[0]!);
  line.inside(echo(there, false, 3, 1, payload(1000)));
  for (const piece of cut(7, echo(there, false, 4, 1, payload(2500)), 1400)) line.inside(piece);
  // Small fragments stay small, and a fragment may be the only one.
  for (const piece of cut(10, big(10, 100), 24)) line.inside(piece);
  for (const piece of cut(11, big(11, 100), 800)) line.inside(piece);
  // More than the interface takes: a fragment of 1514 bytes of IPv6 never gets in.
  for (const piece of cut(12, big(12, 2000), 1480)) line.inside(piece);
  // Whole, but more than eth1 takes.
  line.inside(udp(there, 5000, 5001, payload(1400), { id: 7 }));
  line.inside(udp(there, 5000, 5001, payload(1400), { id: 8, dontFragment: true }));
  // To the gateway itself.
  const local = { from: there.from, to: there === v4 ? '10.0.0.1' : 'fd00:a::1' };
  for (const piece of cut(13, echo(local, false, 5, 1, payload(2000)), 1200)) line.inside(piece);
}
// Options are copied into fragments only where their copied bit says so (RFC 791): 0x94 router alert, 0x07 record route.
line.inside(
  udp(v4, 5000, 5001, text('o'.repeat(1400)), { id: 9, options: [0x94, 4, 0, 0, 0x07, 7, 4, 0, 0, 0, 0, 0] }),
);

export const steps = line.steps;
