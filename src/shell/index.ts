/**
 * The programs that people know by name. They act on the running instance whose control socket is named (`--socket PATH`,
 * `$SLUICE_SOCKET`; `--node NAME`, `$SLUICE_NODE`), else on the rules of a state file (`--state FILE`, `$SLUICE_STATE`).
 * What a call does not need is not loaded: scripts make thousands.
 */
import type { ProgramIo } from './program-io.ts';

export type { ProgramIo } from './program-io.ts';

/** Runs the program of that name (program-names.ts); its exit status. */
export async function runProgramNamed(name: string, args: readonly string[], io: ProgramIo): Promise<number> {
  const { place, rest } = placeOf(args, io);
  if (place.socket !== '') return (await import('./remote.ts')).runRemotely(place, name, rest, io);
  return (await import('./on-state-file.ts')).runOnStateFile(name, rest, place.state, io);
}

/** What a program acts on; the empty string for what is not given. */
export interface PlaceWords {
  readonly socket: string;
  readonly node: string;
  readonly state: string;
}

const PLACE_OPTION = /^--(socket|node|state)(?:=(.*))?$/s;

/** These count before all other words only: `-m state` has an option of that name. One that is given counts before the environment. */
function placeOf(
  args: readonly string[],
  { env }: ProgramIo,
): { readonly place: PlaceWords; readonly rest: readonly string[] } {
  const given = new Map<string, string>();
  let at = 0;
  for (
    let match = PLACE_OPTION.exec(args[0] ?? '');
    match !== null;
    match = PLACE_OPTION.exec(args[at] ?? '')
  ) {
    given.set(match[1]!, match[2] ?? args[at + 1] ?? '');
    at += match[2] === undefined ? 2 : 1;
  }
  const socket = given.get('socket') ?? (given.has('state') ? '' : (env['SLUICE_SOCKET'] ?? ''));
  const node = given.get('node') ?? env['SLUICE_NODE'] ?? '';
  return {
    place: { socket, node, state: given.get('state') ?? env['SLUICE_STATE'] ?? '' },
    rest: args.slice(at),
  };
}
