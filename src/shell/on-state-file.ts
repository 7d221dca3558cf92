/** The programs on the rules of a state file. */
import { banner } from './complaints.ts';
import { withFailuresSaid } from './ending.ts';
import { Failure, Status } from './failure.ts';
import type { ProgramIo } from './program-io.ts';
import { isRulesProgram } from './program-names.ts';
import { runRulesProgram } from './rules-programs.ts';
import { RulesState } from './rules-state.ts';

export function runOnStateFile(
  name: string,
  args: readonly string[],
  file: string,
  io: ProgramIo,
): Promise<number> {
  return withFailuresSaid(name, io, () => {
    if (isRulesProgram(name)) return runRulesProgram(name, args, () => openState(name, file), io);
    const message = 'this acts on a running instance: give --socket PATH first, or set SLUICE_SOCKET';
    throw new Failure(Status.RESOURCE, `${name}: ${message}\n`);
  });
}

function openState(program: string, file: string): RulesState {
  if (file !== '') return new RulesState(file);
  const message = 'no state file: give --state FILE first, or set SLUICE_STATE';
  throw new Failure(Status.RESOURCE, `${banner(program)}: ${message}\n`);
}
