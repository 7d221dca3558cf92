/** Another process: takes a state from standard input, goes on from it for two minutes, and prints what it saw. */
import { readFileSync } from 'node:fs';
import { restoreState, type SavedState } from '../../../src/stack/state/index.ts';
import { KINDS, listening, NETEM } from './transfer.ts';

const one = listening(NETEM);
restoreState(one, JSON.parse(readFileSync(0, 'utf8')) as SavedState, KINDS);
one.net.run(120);
process.stdout.write(JSON.stringify({ log: one.net.log, got: one.receiver.got, sum: one.receiver.sum }));
