/** `ping`: echo requests and what becomes of them, IPv4 and IPv6, with iputils' options, output and statuses. */
import type { Program } from '../program.ts';
import { PingRun } from './run.ts';
import { PingMistake, readPing } from './words.ts';

export const ping: Program = {
  name: 'ping',
  usage:
    'ping [-46bDnOqv] [-c COUNT] [-i SECONDS] [-I ADDRESS|INTERFACE] [-m MARK] [-M do|want|dont] [-p HEX] [-Q TOS] [-s SIZE] [-t TTL] [-w SECONDS] [-W SECONDS] ADDRESS',
  about: 'Sends echo requests and waits for the answers.',
  on: 'host',
  passesTime: true,
  values: ['sent', 'replies', 'errors'],
  start(call) {
    const { node, args, io } = call;
    if (node.kind !== 'host') return call.exit(2);
    try {
      const { host } = node.gateway;
      const run = new PingRun(call, host, readPing(host, args));
      run.start();
      return () => run.finish();
    } catch (error) {
      if (!(error instanceof PingMistake)) throw error;
      io.err.write(`${error.message}\n`);
      // What could not be sent at all is a result; words that nobody understands are not.
      return call.exit(error.status, error.isResult ? { sent: 0, replies: 0, errors: 0 } : undefined);
    }
  },
};
