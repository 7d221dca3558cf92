/** The programs that people know by name, on the rules of a state file (`--state FILE`, `$SLUICE_STATE`). */
import { SluiceError } from '../base/errors.ts';
import type { Family } from '../netfilter/hook.ts';
import { Failure, Status } from './failure.ts';
import { runIptables } from './iptables.ts';
import { runRestore } from './iptables-restore.ts';
import { runSave } from './iptables-save.ts';
import type { ProgramIo } from './program-io.ts';
import { RulesState } from './rules-state.ts';
import { banner } from './complaints.ts';

export type { ProgramIo } from './program-io.ts';

/** Runs the program of that name (program-names.ts); its exit status. */
export async function runProgramNamed(name: string, args: readonly string[], io: ProgramIo): Promise<number> {
  try {
    const { file, rest } = stateFile(args, io);
    const family: Family = name.startsWith('ip6') ? 6 : 4;
    const open = () => openState(name, file);
    const run = name.endsWith('-save') ? runSave : name.endsWith('-restore') ? runRestore : runIptables;
    const status = await run(name, family, rest, open, io);
    io.out.flush();
    return status;
  } catch (error) {
    return failed(name, error, io);
  }
}

/** `--state FILE` counts before all other words only: `-m state` has an option of that name. */
function stateFile(
  args: readonly string[],
  io: ProgramIo,
): { readonly file: string; readonly rest: readonly string[] } {
  const [first = '', second = ''] = args;
  if (first === '--state') return { file: second, rest: args.slice(2) };
  if (first.startsWith('--state=')) return { file: first.slice('--state='.length), rest: args.slice(1) };
  return { file: io.env['SLUICE_STATE'] ?? '', rest: args };
}

function openState(program: string, file: string): RulesState {
  if (file !== '') return new RulesState(file);
  const message = 'no state file: give --state FILE first, or set SLUICE_STATE';
  throw new Failure(Status.RESOURCE, `${banner(program)}: ${message}\n`);
}

function failed(program: string, error: unknown, io: ProgramIo): number {
  io.out.flush();
  const known =
    error instanceof SluiceError
      ? new Failure(Status.RESOURCE, `${banner(program)}: ${error.describe()}\n`)
      : error;
  if (!(known instanceof Failure)) throw error;
  io.err.write(known.text);
  io.err.flush();
  return known.status;
}
