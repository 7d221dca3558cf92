/**
 * iptables and its like as commands of a lab's step, on the rules of a host that runs. What a program reads from its standard
 * input is the step's `input`; there are no files. Hosts are known to it by name, nobody else is.
 */
import { SluiceError } from '../../base/errors.ts';
import { addressesOfNode, nameOfNode } from '../../programs/node-names.ts';
import { RULES_ABOUT } from '../../programs/rules/about.ts';
import { atOnce } from '../../programs/rules/answers.ts';
import { failureOf } from '../../programs/rules/failure.ts';
import { runRulesProgram } from '../../programs/rules/index.ts';
import type { RulesIo } from '../../programs/rules/io.ts';
import { LiveRules } from '../../programs/rules/live-rules.ts';
import type { Lab } from '../lab.ts';
import { liveNode } from './of-program.ts';
import type { CommandResult, LabCommand } from './command.ts';

export function ofRulesProgram(name: string): LabCommand {
  return {
    name,
    ...RULES_ABOUT[name]!,
    values: ['status'],
    start(lab, node, args, input) {
      const { gateway } = lab.host(node);
      let text = '';
      const output = { write: (more: string) => void (text += more), flush: () => {} };
      const io: RulesIo = { out: output, err: output, env: {}, readInput: () => input, ...surroundings(lab) };
      const rules = () => new LiveRules(gateway, Math.floor(lab.clock.now));
      const ended = endOf(name, () => atOnce(runRulesProgram(name, args, rules, io)));
      const lines = `${text}${ended.text}`.trimEnd();
      const result: CommandResult = {
        output: lines === '' ? [] : lines.split('\n'),
        values: { status: ended.status },
        hasFailed: ended.status !== 0,
      };
      return { finish: () => result };
    },
  };
}

/** As a program ends: with a status, and with what it complains about. */
function endOf(name: string, run: () => number): { readonly status: number; readonly text: string } {
  try {
    return { status: run(), text: '' };
  } catch (error) {
    const failure = failureOf(name, error);
    if (failure === null) throw error;
    return failure;
  }
}

function surroundings(
  lab: Lab,
): Pick<RulesIo, 'now' | 'hostNameOf' | 'addressesOf' | 'readFile' | 'writeFile'> {
  const hosts = [...lab.hosts.keys()].map((host) => liveNode(lab, host));
  return {
    now: () => lab.clock.now,
    hostNameOf: (address) => nameOfNode(hosts, address),
    addressesOf: (host, family) => addressesOfNode(hosts, host, family),
    readFile: noFiles,
    writeFile: noFiles,
  };
}

function noFiles(path: string): never {
  throw new SluiceError('LAB', `${path}: a step has no files; what the command reads is "input"`);
}
