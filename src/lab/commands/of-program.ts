/**
 * A program (src/programs) as a command of a lab's step: what it writes, on either output, is the step's output; its figures and its
 * exit status can be expected.
 */
import type { LiveNode, Program, Values } from '../../programs/index.ts';
import type { Lab } from '../lab.ts';
import { UsageMistake, type LabCommand } from './command.ts';

/** @param defaults - words in front of those that the step has */
export function ofProgram(program: Program, defaults: readonly string[] = []): LabCommand {
  const { name, usage, about, values } = program;
  return {
    name,
    usage,
    about,
    values: [...values, 'status'],
    start(lab, nodeName, args, input) {
      const node = liveNode(lab, nodeName);
      if (program.on !== 'any' && node.kind !== program.on)
        throw new UsageMistake(`${nodeName} is no ${program.on}`);
      let text = '';
      let told: Values = {};
      let isOver = false;
      let misunderstood = false;
      const output = { write: (more: string) => void (text += more), flush: () => {} };
      const readText = (path: string, done: (read: string | null) => void) =>
        done(path === '-' ? input : null);
      const interrupt = program.start({
        name,
        args: [...defaults, ...args],
        node,
        clock: lab.clock,
        io: { out: output, err: output, env: {}, readText },
        exit: (status, figures) => {
          isOver = true;
          told = { ...figures, status };
          misunderstood = status !== 0 && figures === undefined;
        },
      });
      // A program that tells figures tells none where it did not understand its words.
      if (misunderstood && values.length > 0) throw new UsageMistake(text.trimEnd().replace(`${name}: `, ''));
      return {
        finish() {
          if (!isOver) interrupt?.();
          const lines = text.trimEnd();
          return {
            output: text === '' ? [] : lines.split('\n'),
            values: told,
            hasFailed: misunderstood,
          };
        },
      };
    },
  };
}

/** A lab's host or switch, as programs see it. */
export function liveNode(lab: Lab, name: string): LiveNode {
  const host = lab.hosts.get(name);
  return host === undefined
    ? { kind: 'switch', name, switch: lab.switch(name) }
    : {
        kind: 'host',
        name,
        gateway: host.gateway,
        flows: host.flows,
        lookUp: (wanted, family, done) => host.resolver.resolve(wanted, family, done),
      };
}
