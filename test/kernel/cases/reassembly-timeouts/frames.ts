/** Fragments whose others never come: for the gateway (its sender is told), and on their way through it (nobody is). */
import { echo, fragments, text, udp } from '../../../../src/conform/frames.ts';
import { TimeLine } from '../../flow.ts';

const line = new TimeLine();
const body = text('x'.repeat(200));
const v4 = (to: string, id: number): number[][] =>
  fragments(udp({ from: '10.0.0.2', to }, 1000, 2000, body, { id }), 64);
const v6 = (to: string, id: number): number[][] =>
  fragments(echo({ from: 'fd00:a::2', to }, false, 1, 1, body), 64, id);

line.inside(v4('10.0.0.1', 1)[0]!).inside(v4('10.0.0.1', 2)[1]!).inside(v4('198.51.100.7', 3)[0]!);
line.inside(v6('fd00:a::1', 4)[0]!).inside(v6('fd00:a::1', 5)[1]!).inside(v6('2001:db8:99::7', 6)[0]!);
line.wait(2.6);
// Too late: the rest begins anew.
for (const piece of v4('10.0.0.1', 1).slice(1)) line.inside(piece);
for (const piece of v6('fd00:a::1', 4).slice(1)) line.inside(piece);

export const steps = line.steps;
