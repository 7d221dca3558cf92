/** `sleep`: time passes. On a lab's clock that takes no time at all. */
import type { Program } from './program.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

export const sleep: Program = {
  name: 'sleep',
  usage: 'sleep NUMBER[s|m|h|d] …',
  about: 'Lets time pass.',
  on: 'any',
  passesTime: true,
  values: [],
  start({ args, clock, io, exit }) {
    let seconds = 0;
    for (const word of args) {
      const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(word);
      if (match === null) {
        io.err.write(`sleep: invalid time interval '${word}'\n`);
        return exit(1);
      }
      seconds += Number(match[1]) * UNITS[match[2]!]!;
    }
    if (args.length === 0) {
      io.err.write('sleep: missing operand\n');
      return exit(1);
    }
    const timer = clock.at(clock.now + seconds * 1e6, () => exit(0));
    return () => {
      timer.cancel();
      exit(130);
    };
  },
};
