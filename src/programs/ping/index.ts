/** `ping`: echo requests and what becomes of them, IPv4 and IPv6, with iputils' options, output and statuses. */
import type { IpAddress } from '../../stack/address.ts';
import type { Call, Program } from '../program.ts';
import { reach } from '../target.ts';
import { PingRun } from './run.ts';
import { PingMistake, pingTarget, readPing } from './words.ts';

export const ping: Program = {
  name: 'ping',
  usage:
    'ping [-46bDnOqv] [-c COUNT] [-i SECONDS] [-I ADDRESS|INTERFACE] [-m MARK] [-M do|want|dont] [-p HEX] [-Q TOS] [-s SIZE] [-t TTL] [-w SECONDS] [-W SECONDS] HOST',
  about:
    'Sends echo requests and waits for the answers. HOST is an address, or a name where the host knows name servers.',
  on: 'host',
  passesTime: true,
  values: ['sent', 'replies', 'errors'],
  start(call) {
    const { node, args } = call;
    if (node.kind !== 'host') return call.exit(2);
    let run: PingRun | undefined;
    let isOver = false;
    const begin = (address: IpAddress) => {
      const { host } = node.gateway;
      run = new PingRun(call, host, readPing(host, args, address));
      run.start();
    };
    attempt(call, () => {
      const { name, family } = pingTarget(args);
      const isTarget = reach(node, name, family, (address, error) => {
        if (isOver) return;
        attempt(call, () => {
          if (address === undefined) throw new PingMistake(`ping: ${name}: ${error}`, 2, true);
          begin(address);
        });
      });
      if (isTarget) return;
      // Without anybody to ask, or no name at all.
      const why =
        node.lookUp === undefined ? 'Temporary failure in name resolution' : 'Name or service not known';
      throw new PingMistake(`ping: ${name}: ${why}`, 2);
    });
    return () => {
      isOver = true;
      if (run === undefined) call.exit(2, NOTHING_SENT);
      else run.finish();
    };
  },
};

const NOTHING_SENT = { sent: 0, replies: 0, errors: 0 };

function attempt({ io, exit }: Call, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PingMistake)) throw error;
    io.err.write(`${error.message}\n`);
    // What could not be sent at all is a result; words that nobody understands are not.
    exit(error.status, error.isResult ? NOTHING_SENT : undefined);
  }
}
