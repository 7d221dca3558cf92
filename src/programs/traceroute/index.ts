/** `traceroute`: the routers on a way, by datagrams, echo requests (-I) or SYNs (-T), with traceroute 2.1's output. */
import type { Program } from '../program.ts';
import { TraceRun } from './run.ts';
import { readTraceroute, TraceMistake } from './words.ts';

export const traceroute: Program = {
  name: 'traceroute',
  usage:
    'traceroute [-46nFIT] [-f TTL] [-m TTL] [-q QUERIES] [-N QUERIES] [-p PORT] [-w MAX,HERE,NEAR] [-z PAUSE] [-t TOS] [-i INTERFACE] [-s ADDRESS] ADDRESS [LENGTH]',
  about: 'Finds the routers on the way to an address.',
  on: 'host',
  passesTime: true,
  values: ['hops', 'reached'],
  start(call) {
    const { node, args, io } = call;
    if (node.kind !== 'host') return call.exit(2);
    try {
      const { host } = node.gateway;
      const run = new TraceRun(call, host, readTraceroute(host, args));
      run.start();
      return () => run.interrupt();
    } catch (error) {
      if (!(error instanceof TraceMistake)) throw error;
      io.err.write(`${error.message}\n`);
      return call.exit(error.status);
    }
  },
};
