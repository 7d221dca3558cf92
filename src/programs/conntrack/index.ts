/**
 * `conntrack`: looks into the connection tracking of a host, changes it and watches it, with the words, the output, the messages
 * and the exit statuses of conntrack-tools 1.4.7. Not here: the kernel's order of entries (theirs is a hash's, ours their age).
 *
 * Source: conntrack(8), and the tool beside this one (test/programs/conntrack).
 */
import type { Call, Interrupt, Program } from '../program.ts';
import { completeWords } from './completion.ts';
import { readLines } from './load.ts';
import { COMMANDS } from './options.ts';
import { BadWords, readRequest } from './request.ts';
import { Run } from './run.ts';
import { VERSION } from './version.ts';

const HINT = "Try `conntrack -h' or 'conntrack --help' for more information.\n";
const LOAD = ['-R', '--load-file'];

export const conntrack: Program = {
  name: 'conntrack',
  usage: `conntrack -${COMMANDS.join('|-')} [TABLE] [OPTIONS] | -R FILE`,
  about: 'Lists, changes and watches the connections that a host tracks.',
  on: 'host',
  passesTime: false,
  values: ['connections'],
  completion: completeWords,
  start(call) {
    if (call.node.kind !== 'host') return;
    const { gateway } = call.node;
    const [first = '', file] = call.args;
    if (LOAD.includes(first) && file !== undefined) return load(call, file);
    return complaining(call, () =>
      new Run(call, gateway, false).start(readRequest(call.args, gateway.objects.labels)),
    );
  },
};

function complaining(call: Call, run: () => Interrupt | void): Interrupt | void {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof BadWords)) throw error;
    // What a library said before stands in front.
    const [before, message] = error.message.includes('\0') ? error.message.split('\0') : ['', error.message];
    const hint = error.status === 2 ? HINT : '';
    call.io.err.write(`${before!}${VERSION}: ${message!}\n${hint}`);
    call.exit(error.status);
  }
}

/** -R: the file's commands one after the other, up to the first that fails. */
function load(call: Call, file: string): void {
  if (call.node.kind !== 'host') return;
  const { gateway } = call.node;
  const done = (text: string | null) =>
    complaining(call, () => {
      if (text === null) throw new BadWords(`Failed to open file ${file} for reading`);
      new Run(call, gateway, true).load(readLines(text, gateway.objects.labels));
    });
  if (call.io.readText === undefined) done(null);
  else call.io.readText(file, done);
}
