/** A program (src/programs) as a command of a lab's step: what it writes, on either output, is the step's output. */
import type { LiveNode, Program, Values } from '../../programs/index.ts';
import type { Lab } from '../lab.ts';
import { UsageMistake, type LabCommand } from './command.ts';

export function ofProgram(program: Program): LabCommand {
  const { name, usage, about, values } = program;
  return {
    name,
    usage,
    about,
    values,
    start(lab, nodeName, args) {
      const node = liveNode(lab, nodeName);
      if (program.on !== 'any' && node.kind !== program.on)
        throw new UsageMistake(`${nodeName} is no ${program.on}`);
      let text = '';
      let told: Values = {};
      let isOver = false;
      const output = { write: (more: string) => void (text += more), flush: () => {} };
      const interrupt = program.start({
        name,
        args,
        node,
        clock: lab.clock,
        io: { out: output, err: output, env: {} },
        exit: (_status, figures = {}) => {
          isOver = true;
          told = figures;
        },
      });
      return {
        finish() {
          if (!isOver) interrupt?.();
          return { output: text === '' ? [] : text.trimEnd().split('\n'), values: told };
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
    : { kind: 'host', name, gateway: host.gateway, flows: host.flows };
}
