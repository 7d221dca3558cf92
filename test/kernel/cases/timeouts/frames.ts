/** Answers in time and too late, with timeouts of seconds; and a limit that fills up again meanwhile. */
import { TimeLine, swapped } from '../../flow.ts';
import { echo, tcp, text, udp } from '../../../../src/conform/frames.ts';

const line = new TimeLine();
const ends = { from: '10.0.0.2', to: '198.51.100.7' };
const back = swapped(ends);
line.inside(udp(ends, 1, 53, text('in time')));
line.outside(udp(back, 53, 1, text('answer')));
line.inside(udp(ends, 2, 53, text('too late')));
line.inside(echo(ends, false, 1, 1, text('too late')));
line.inside(tcp(ends, { sport: 3, dport: 80, seq: 1, flags: 'S' }));
line.inside(udp(ends, 4, 53, text('over the limit')));
line.wait(3.2);
line.outside(udp(back, 53, 1, text('another answer')));
line.outside(udp(back, 53, 2, text('late answer')));
line.outside(echo(back, true, 1, 1, text('late reply')));
line.outside(tcp(back, { sport: 80, dport: 3, seq: 1, ack: 2, flags: 'SA' }));
for (const port of [5, 6, 7, 8]) line.inside(udp(ends, port, 53, text('within the limit again')));

export const steps = line.steps;
