/** The programs on the rules of a state file. */
import { banner } from '../programs/rules/complaints.ts';
import { withFailuresSaid } from './ending.ts';
import { Failure, Status } from '../programs/rules/failure.ts';
import { whenAnswered } from '../programs/rules/answers.ts';
import { runRulesProgram } from '../programs/rules/index.ts';
import { isRulesProgram } from '../programs/rules/names.ts';
import { onThisMachine, type ProgramIo } from './program-io.ts';
import { RulesState } from './rules-state.ts';

export function runOnStateFile(
  name: string,
  args: readonly string[],
  file: string,
  io: ProgramIo,
): Promise<number> {
  return withFailuresSaid(name, io, () => {
    if (isRulesProgram(name))
      return whenAnswered(runRulesProgram(name, args, () => openState(name, file), onThisMachine(io)));
    const message = 'this acts on a running instance: give --socket PATH first, or set SLUICE_SOCKET';
    throw new Failure(Status.RESOURCE, `${name}: ${message}\n`);
  });
}

function openState(program: string, file: string): RulesState {
  if (file !== '') return new RulesState(file);
  const message = 'no state file: give --state FILE first, or set SLUICE_STATE';
  throw new Failure(Status.RESOURCE, `${banner(program)}: ${message}\n`);
}
