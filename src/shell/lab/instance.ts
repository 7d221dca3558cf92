/**
 * A lab as an instance that programs act on: all its hosts and switches, on its clock; with the commands of a lab's steps that
 * are no programs, each of which lasts a second, and `frames`.
 */
import { setTimeout } from 'node:timers/promises';
import { SluiceError } from '../../base/errors.ts';
import { COMMANDS, liveNode, pathText, startCommand, type Lab } from '../../lab/index.ts';
import { LiveInstance, type OwnCommand } from '../live/instance.ts';

const COMMAND_DURATION_US = 1e6;
const DONE = 0;
const BAD_WORDS = 2;

/** @param more - commands that only this lab has */
export function labInstance(lab: Lab, more: ReadonlyMap<string, OwnCommand> = new Map()): LiveInstance {
  const nodes = lab.topology.nodes
    .filter(({ kind }) => kind === 'host' || kind === 'switch')
    .map(({ name }) => liveNode(lab, name));
  const commands = new Map(COMMANDS.map(({ name }) => [name, stepCommand(lab, name)]));
  return new LiveInstance({
    kind: 'lab',
    clock: lab.clock,
    nodes,
    commands: new Map([...commands, ['frames', framesSinceAsked(lab)], ...more]),
    // A lab's switches know groups.
    prefersOwn: (node, name) => name === 'bridge' && node.kind === 'switch',
  });
}

function stepCommand(lab: Lab, name: string): OwnCommand {
  return async (node, args, io) => {
    try {
      const running = startCommand(lab, node.name, [name, ...args], '');
      // A clock that moves by itself is not to be moved.
      if ('catchUp' in lab.clock) await setTimeout(COMMAND_DURATION_US / 1000);
      else lab.run(COMMAND_DURATION_US);
      for (const line of running.finish().output) io.out.write(`${line}\n`);
      return DONE;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      io.err.write(`${error.describe()}\n`);
      return BAD_WORDS;
    }
  };
}

/** `frames`: the way of all frames since it was asked last, hop by hop. */
function framesSinceAsked(lab: Lab): OwnCommand {
  let { mark } = lab.events;
  return (_node, _args, io) => {
    for (const line of pathText(lab.events.since(mark))) io.out.write(`${line}\n`);
    mark = lab.events.mark;
    return DONE;
  };
}
